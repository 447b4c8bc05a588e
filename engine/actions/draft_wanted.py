"""Turns a finished draft into the connection that is wanted, and a connection into the answers of a draft."""

from datetime import datetime
from typing import Any

from engine.actions.connections import Wanted, WantedFiles
from engine.actions.credential_rows import WantedCredential
from engine.connections import wizard
from engine.connections.matrix import SignInKind
from engine.connections.wizard import Answers
from storage.records.connections import (
    Connection,
    DataType,
    Details,
    Direction,
    Method,
    Methodology,
    Secrets,
)
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.goals import ImportGoal, PatternKind

_KINDS = {
    SignInKind.PASSWORD: CredentialKind.PASSWORD,
    SignInKind.PUBLIC_KEY: CredentialKind.PUBLIC_KEY,
    SignInKind.PRIVATE_KEY: CredentialKind.PRIVATE_KEY,
}


def wanted(answers: Answers, secrets: Secrets | None, password_hash: str) -> Wanted:
    """Return the connection that a finished draft asks for.

    Args:
        answers: Complete: no step has a problem.
        secrets: What was entered in the draft; None where nothing was.
        password_hash: Of the password that was made in the draft, or empty.
    """
    is_ours = wizard.is_hosted(answers) or wizard.sends_mail(answers)
    return Wanted(
        name=_text(answers, "name"),
        direction=Direction(answers["direction"]),
        data_type=DataType(answers["data_type"]),
        method=Method(answers["method"]),
        methodology=Methodology(answers["methodology"]),
        host="" if is_ours else _text(answers, "host"),
        port=0 if is_ours else answers["port"],
        host_key="" if is_ours or answers.get("plain_ftp") else _text(answers, "host_key"),
        every_minutes=None if wizard.is_hosted(answers) else answers.get("every_minutes"),
        details=_details(answers),
        sign_in=_sign_in(answers, secrets, password_hash),
    )


def files(answers: Answers) -> WantedFiles | None:
    """Return which files the goal takes, None where files go out."""
    if not wizard.has_goal(answers):
        return None
    folder = "/" if wizard.is_hosted(answers) else _text(answers, "folder")
    kind = PatternKind(answers.get("files_kind") or PatternKind.WILDCARD)
    return WantedFiles(folder, _text(answers, "files"), kind)


def _details(answers: Answers) -> Details:
    asked = wizard.shown(answers, wizard.Step.METHOD)
    said = {field: answers.get(field) for field in asked}
    return Details(
        plain_ftp=bool(said.get("plain_ftp")),
        delete_after_pull=bool(said.get("delete_after_pull")),
        result_folder=str(said.get("result_folder") or "").strip(),
        address=_text(answers, "address") if wizard.takes_mail(answers) else "",
        recipients=tuple(said.get("recipients") or ()),
        subject=str(said.get("subject") or "").strip(),
        folder=_text(answers, "folder") if "folder" in asked and not wizard.has_goal(answers) else "/",
        allowed_senders=tuple(said.get("allowed_senders") or ()),
    )


def _sign_in(answers: Answers, secrets: Secrets | None, password_hash: str) -> WantedCredential | str | None:
    if wizard.sends_mail(answers):
        return None
    if wizard.uses_existing(answers):
        return str(answers["credential_id"])
    name, method = _text(answers, "credential_name"), Method(answers["method"])
    return_email = _text(answers, "return_email") if method is Method.EMAIL else ""
    shown_at = datetime.fromisoformat(answers["shown_at"]) if answers.get("shown_at") else None
    if wizard.takes_mail(answers):
        return WantedCredential(
            name, method, Origin.PROVISIONED, CredentialKind.ADDRESS, return_email=return_email, shown_at=shown_at
        )
    kind = SignInKind(answers["credential_kind"])
    username = _text(answers, "username")
    if wizard.is_hosted(answers):
        is_password = kind is SignInKind.PASSWORD
        return WantedCredential(
            name,
            method,
            Origin.PROVISIONED,
            CredentialKind.PASSWORD if is_password else CredentialKind.PUBLIC_KEY,
            username=username,
            password_hash=password_hash,
            public_keys=() if is_password else (_text(answers, "public_key"),),
            shown_at=shown_at,
        )
    is_key = kind is not SignInKind.PASSWORD
    return WantedCredential(
        name,
        method,
        Origin.ENTERED,
        CredentialKind.PRIVATE_KEY if is_key else CredentialKind.PASSWORD,
        username=username,
        host=_text(answers, "host"),
        port=answers["port"],
        secrets=secrets,
        public_keys=(_text(answers, "public_key"),) if is_key and _text(answers, "public_key") else (),
        return_email=return_email,
    )


def answers_of(connection: Connection, credential: Credential | None, goal: ImportGoal | None) -> Answers:
    """Return the answers with which a wizard opens an existing connection (requirement A08); no secret is in them."""
    details = connection.details
    found: dict[str, Any] = {
        **wizard.begin(),
        "connection_id": connection.connection_id,
        "name": connection.name,
        "direction": connection.direction.value,
        "data_type": connection.data_type.value,
        "method": connection.method.value,
        "methodology": connection.methodology.value,
        "host": connection.server.host,
        "port": connection.server.port or wizard.begin()["port"],
        "host_key": connection.server.host_key,
        "every_minutes": connection.every_minutes,
        "plain_ftp": details.plain_ftp,
        "delete_after_pull": details.delete_after_pull,
        "result_folder": details.result_folder,
        "recipients": list(details.recipients),
        "subject": details.subject,
        "allowed_senders": list(details.allowed_senders),
        "address": details.address,
        "folder": goal.folder if goal else details.folder,
        "files": goal.files if goal else "",
        "files_kind": (goal.files_kind if goal else PatternKind.WILDCARD).value,
    }
    if credential is not None:
        kinds = {kept: asked.value for asked, kept in _KINDS.items()}
        found |= {
            "credential_choice": wizard.EXISTING,
            "credential_id": credential.credential_id,
            "credential_name": credential.name,
            "credential_kind": kinds.get(credential.kind, SignInKind.PASSWORD.value),
            "username": credential.username,
            "return_email": credential.return_email,
            "has_secret": True,
        }
    return found


def _text(answers: Answers, field: str) -> str:
    return str(answers.get(field) or "").strip()
