"""What a page asks a partner's server through the engine: the host key, a test, a scan of the folder."""

import dataclasses
from collections.abc import Collection

from engine.actions import drafts as draft_actions
from engine.actions.desk import Desk, known_connection, known_goal
from engine.base import errors
from engine.connections import wizard
from engine.connections.wizard import Answers, Step
from engine.flows import drafting, goal_place, queue
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Method
from storage.records.goals import FileFormat, PatternKind
from storage.records.people import Caller, Role
from storage.records.runs import Job
from storage.tables import drafts, jobs


def ask_host_key(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Ask the draft's server for its host key (SFTP) or certificate (FTP, mail); return the job's id.

    Raises:
        BadInput: Host or port cannot be used, or may not be reached.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        answers = _answers(cursor, caller, draft_id)
        known = drafting.known(desk, cursor, caller, answers)
        _refuse_problems(wizard.problems(answers, Step.METHOD, known), ("method", "methodology", "host", "port"))
        arguments = {"host": answers["host"].strip(), "port": answers["port"], "method": answers["method"]}
        return queue.add_question(cursor, queue.HOST_KEY, arguments, f"host_key:{draft_id}", caller.name)


def ask_test(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Test the draft's server in stages (W33); return the job's id.

    Raises:
        BadInput: The steps before are not complete, or partners come to us and there is nothing to test.
    """
    return _ask_of_draft(desk, caller, draft_id, queue.TEST, "test")


def ask_listing(desk: Desk, caller: Caller, draft_id: str) -> str:
    """List the names in the draft's folder, to try the pattern on them (W15); return the job's id.

    Raises:
        BadInput: Server, folder or sign-in are not complete, or there is no such folder on this way.
    """
    return _ask_of_draft(desk, caller, draft_id, queue.LISTING, "listing")


def _ask_of_draft(desk: Desk, caller: Caller, draft_id: str, kind: str, name: str) -> str:
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        answers = _answers(cursor, caller, draft_id)
        known = drafting.known(desk, cursor, caller, answers)
        if wizard.is_hosted(answers):
            raise errors.BadInput("Partners come to us on this way, so there is no server to ask.")
        if kind == queue.LISTING and answers.get("method") == Method.EMAIL.value:
            raise errors.BadInput("A mailbox lists mails, not attachments; type the names of attachments instead.")
        asked = set(wizard.shown(answers, Step.METHOD)) - ({"files"} if kind == queue.LISTING else set())
        _refuse_problems(wizard.problems(answers, Step.METHOD, known), asked)
        _refuse_problems(wizard.problems(answers, Step.CREDENTIALS, known), None)
        # Place and sign-in are read from the draft; server and folder stand here for who reads the answer later.
        about = {field: answers.get(field) for field in ("host", "port", "folder")}
        arguments = {"draft_id": draft_id, "person_id": draft_actions.owner(caller), **about}
        return queue.add_question(cursor, kind, arguments, f"{name}:{draft_id}", caller.name)


def _answers(cursor: Cursor, caller: Caller, draft_id: str) -> Answers:
    found = drafts.by_id(cursor, draft_id, draft_actions.owner(caller))
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    return wizard.renewed(found[0])


def _refuse_problems(problems: dict[str, str], asked: Collection[str] | None) -> None:
    for field, sentence in problems.items():
        if asked is None or field in asked:
            raise errors.BadInput(sentence, field)


def ask_scan(
    desk: Desk,
    caller: Caller,
    goal_id: str,
    folder: str,
    files: str,
    file_format: FileFormat,
    files_kind: PatternKind = PatternKind.WILDCARD,
) -> str:
    """Scan what a goal takes with these settings, saved or not; return the job's id.

    Raises:
        BadInput: Folder or pattern cannot be used.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal_id))
    with desk.database.write("ctl") as cursor:
        connection = known_connection(cursor, known_goal(cursor, goal_id).connection_id)
        sentence = goal_place.problem(
            (connection.direction, connection.method, connection.methodology), folder, files, files_kind
        )
        if sentence:
            raise errors.BadInput(sentence, "folder")
        arguments = {
            "connection_id": connection.connection_id,
            "folder": folder,
            "files": files,
            "files_kind": files_kind.value,
            "format": dataclasses.asdict(file_format),
        }
        return queue.add_question(cursor, queue.SCAN, arguments, scan_key(goal_id), caller.name)


def scan_key(goal_id: str) -> str:
    """Return the key of a goal's scans: the newest one is what its page shows."""
    return f"scan:{goal_id}"


def cancel(desk: Desk, caller: Caller, job_id: str) -> None:
    """Stop a question; its answer is not wanted any more."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("question", job_id))
    with desk.database.write("ctl") as cursor:
        job = jobs.by_id(cursor, job_id)
        if job is not None and (caller.role is not Role.PARTNER or _is_own(cursor, caller, job)):
            jobs.want_cancel(cursor, job_id)


def _is_own(cursor: Cursor, caller: Caller, job: Job) -> bool:
    draft_id = job.unique_key.partition(":")[2]
    return drafts.by_id(cursor, draft_id, draft_actions.owner(caller)) is not None
