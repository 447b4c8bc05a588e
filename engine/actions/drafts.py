"""Wizard drafts: begin, save, discard, and create the connection; nothing exists before Create (W37, W40)."""

from datetime import timedelta
from typing import Any

from engine.actions import connections as connection_actions
from engine.actions import draft_wanted, logins
from engine.actions.desk import Desk, owned_connection
from engine.actions.logins import Provisioned
from engine.base import clock, errors, ids, limits
from engine.connections import fields, wizard
from engine.connections.matrix import SignInKind
from engine.connections.wizard import Answers
from engine.flows import drafting, sealing
from engine.security import audit, keys, provisioning
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Method, Secrets
from storage.records.people import Caller
from storage.tables import credentials, drafts, goals

__all__ = [
    "Provisioned",
    "begin",
    "begin_edit",
    "check_secrets",
    "create",
    "discard",
    "owner",
    "provision",
    "save",
    "set_secret",
    "use_existing",
]


def begin(desk: Desk, caller: Caller) -> str:
    """Start an empty draft and return its id."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft"))
    draft_id = ids.ulid()
    with desk.database.write("ctl") as cursor:
        _put_new(cursor, draft_id, caller, wizard.begin())
    return draft_id


def begin_edit(desk: Desk, caller: Caller, connection_id: str) -> str:
    """Start a draft with a connection's values (A08); its credentials stay unless others are chosen or entered.

    Raises:
        GiveUp: The connection is not there, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft"))
    draft_id = ids.ulid()
    with desk.database.write("ctl") as cursor:
        connection = owned_connection(cursor, caller, connection_id)
        goal = next(iter(goals.of_connection(cursor, connection_id)), None)
        held = credentials.by_id(cursor, connection.credential_id) if connection.credential_id else None
        _put_new(cursor, draft_id, caller, draft_wanted.answers_of(connection, held, goal))
    return draft_id


def save(desk: Desk, caller: Caller, draft_id: str, changes: dict[str, Any]) -> None:
    """Merge changed answers into a draft.

    What still fits stays. Another server or another way drops the secret, the confirmed host key and the credentials
    that were chosen: nobody can see a secret, and nobody can have it sent elsewhere.

    Raises:
        BadInput: The wizard asks for no such entry, or what was pasted is no public key (W20): people paste the private
            one, and drafts are not sealed. The field is empty then, and the other changes are kept.
        GiveUp: The draft is gone.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    unknown = set(changes) - wizard.FIELDS
    if unknown:
        raise errors.BadInput(f"The wizard asks for no {', '.join(sorted(unknown))}; reload the page.")
    refused = _key_refusal(changes)
    if refused is not None:
        changes = {**changes, "public_key": ""}
    with desk.database.write("ctl") as cursor:
        before, sealed = _own(cursor, draft_id, caller)
        answers, drops_secret = wizard.changed(before, changes)
        if wizard.takes_mail(answers) and not answers.get("address"):
            answers["address"] = provisioning.new_address()
        _put(cursor, draft_id, caller, answers, None if drops_secret else sealed)
    if refused is not None:
        raise refused


def _key_refusal(changes: dict[str, Any]) -> errors.BadInput | None:
    pasted = str(changes.get("public_key") or "").strip()
    try:
        if pasted:
            provisioning.public_line(pasted)
    except errors.BadInput as error:
        return error
    return None


def use_existing(desk: Desk, caller: Caller, draft_id: str, credential_id: str) -> None:
    """Let a draft use credentials that are there (W16); what was entered or made in the draft goes.

    Raises:
        BadInput: They do not fit the way, or are for another server.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        answers, _ = _own(cursor, draft_id, caller)
        fitting = {item.credential_id: item for item in drafting.choosable(cursor, caller, answers)}
        if credential_id not in fitting:
            raise errors.BadInput("These credentials do not fit this connection; choose others.", "credential_id")
        chosen = {"credential_choice": wizard.EXISTING, "credential_id": credential_id, "has_secret": False}
        username = fitting[credential_id].username
        _put(cursor, draft_id, caller, {**answers, **chosen, "shown_at": None, "username": username}, None)


def set_secret(desk: Desk, caller: Caller, draft_id: str, secrets: Secrets) -> None:
    """Seal a password, a private key, or both into a draft; an unusable key is refused with its own sentence.

    Raises:
        BadInput: Empty, or a key of a kind that is not accepted; nothing is stored then (faults row 61).
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    public_line = check_secrets(secrets)
    kind = SignInKind.PASSWORD if secrets.private_key is None else SignInKind.PRIVATE_KEY
    with desk.database.write("ctl") as cursor:
        answers, _ = _own(cursor, draft_id, caller)
        if wizard.is_hosted(answers):
            raise errors.BadInput("Handoff makes what partners sign in with; create the credentials.", "provisioned")
        sealed = sealing.seal(desk, sealing.for_draft(draft_id), secrets)
        set_now: Answers = {"has_secret": True, "credential_kind": kind.value, "credential_choice": wizard.NEW}
        set_now |= {"public_key": public_line, "shown_at": None}
        _put(cursor, draft_id, caller, {**answers, **set_now}, sealed)


def check_secrets(secrets: Secrets) -> str:
    """Refuse what cannot sign in anywhere; return the public half of the key, which the partner has to know, or "".

    Raises:
        BadInput: No password and no key, or a key that cannot be used.
    """
    if secrets.private_key is not None and not secrets.private_key.strip():
        raise errors.BadInput("Upload the private key.", "secret")
    if secrets.private_key is not None:
        return keys.check_private_key(secrets.private_key, secrets.passphrase).public_line
    if not secrets.password:
        raise errors.BadInput("Enter the password.", "secret")
    return ""


def provision(desk: Desk, caller: Caller, draft_id: str) -> Provisioned:
    """Make what the draft needs from us, and return it to be shown once: a login, an address, or our key pair.

    The draft keeps a hash or the public half (W27); nobody can sign in before Create (W40). Done again, it makes
    another one, and the first is forgotten.

    Raises:
        BadInput: The name or the pasted key cannot be used, or this way needs nothing from us.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        answers, _ = _own(cursor, draft_id, caller)
        name = str(answers.get("credential_name") or "").strip()
        known = drafting.known(desk, cursor, caller, answers)
        sentence = fields.credential_name_problem(name, known.credential_names)
        if sentence:
            raise errors.BadInput(sentence, "credential_name")
        made = {**answers, "credential_choice": wizard.NEW, "credential_id": None, "has_secret": True}
        if wizard.takes_mail(answers):
            found, sealed = logins.told(name, Method.EMAIL, drafting.provided(desk, cursor, made), None), None
        elif wizard.is_hosted(answers):
            found, sealed = _new_login(desk, cursor, draft_id, made, name)
        elif answers.get("credential_kind") == SignInKind.MADE_KEY.value:
            found, sealed = _new_pair(desk, draft_id, made, name)
        else:
            raise errors.BadInput("The partner gives what we sign in with here; enter it.", "secret")
        _put(cursor, draft_id, caller, {**made, "shown_at": clock.now().isoformat()}, sealed)
    return found


def _new_login(desk: Desk, cursor: Cursor, draft_id: str, made: Answers, name: str) -> tuple[Provisioned, str | None]:
    login = logins.new_login(cursor, name, SignInKind(made["credential_kind"]), str(made.get("public_key") or ""))
    made |= {"username": login.username, "public_key": login.public_keys[0] if login.public_keys else ""}
    hashed = {sealing.PASSWORD_HASH: login.password_hash}
    sealed = sealing.seal_named(desk, sealing.for_draft(draft_id), hashed) if login.password_hash else None
    return logins.told(name, Method(made["method"]), drafting.provided(desk, cursor, made), login), sealed


def _new_pair(desk: Desk, draft_id: str, made: Answers, name: str) -> tuple[Provisioned, str]:
    private, public = provisioning.new_pair(name)
    made |= {"public_key": provisioning.public_line(public)}
    found = Provisioned(
        name,
        "sftp",
        username=str(made.get("username") or ""),
        public_key=public,
        host=str(made.get("host") or ""),
        port=made.get("port") or 0,
    )
    return found, sealing.seal(desk, sealing.for_draft(draft_id), Secrets(private_key=private))


def discard(desk: Desk, caller: Caller, draft_id: str) -> None:
    """Throw a draft away; nothing else was made, so nothing else is left."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        _own(cursor, draft_id, caller)
        drafts.discard(cursor, draft_id)


def create(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Make the connection, its credentials and its first goal from a finished draft, or save the edited one.

    Returns:
        The connection's id. A login can be used within seconds (W35).

    Raises:
        BadInput: A step is not complete; the sentence is that of the first problem.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection"))
    with desk.database.read() as cursor:
        answers, sealed = _own(cursor, draft_id, caller)
        known = drafting.known(desk, cursor, caller, answers)
    for step in wizard.Step:
        for field, sentence in wizard.problems(answers, step, known).items():
            raise errors.BadInput(sentence, field)
    secrets, password_hash = None, ""
    if wizard.is_hosted(answers):
        password_hash = "" if wizard.uses_existing(answers) else sealing.hash_of_draft(desk, draft_id, sealed)
    elif not wizard.sends_mail(answers):
        with desk.database.read() as cursor:
            secrets = sealing.of_draft(desk, cursor, draft_id, owner(caller))
    wanted = draft_wanted.wanted(answers, secrets, password_hash)
    connection_id = connection_actions.save_from_wizard(
        desk, caller, wanted, answers.get("connection_id"), draft_wanted.files(answers)
    )
    with desk.database.write("ctl") as cursor:
        drafts.discard(cursor, draft_id)
    return connection_id


def owner(caller: Caller) -> str:
    """Return whose drafts a caller sees: only a person's own (W38)."""
    return caller.person_id or caller.name


def _put_new(cursor: Cursor, draft_id: str, caller: Caller, answers: Answers) -> None:
    drafts.discard_before(cursor, clock.now() - timedelta(days=limits.DRAFT_DAYS_MAX))
    drafts.put(cursor, draft_id, owner(caller), answers, None, clock.now())


def _put(cursor: Cursor, draft_id: str, caller: Caller, answers: Answers, sealed: str | None) -> None:
    drafts.put(cursor, draft_id, owner(caller), answers, sealed, clock.now())


def _own(cursor: Cursor, draft_id: str, caller: Caller) -> tuple[Answers, str | None]:
    found = drafts.by_id(cursor, draft_id, owner(caller))
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    answers, sealed, _ = found
    return wizard.renewed(answers), sealed
