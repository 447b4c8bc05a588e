"""What a page asks a partner's server through the engine: the host key, a test, a scan of the folder."""

import dataclasses

from engine.actions import drafts as draft_actions
from engine.actions.desk import Desk, known_connection, known_goal
from engine.base import errors
from engine.connections import wizard
from engine.flows import queue
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.goals import FileFormat
from storage.records.people import Caller
from storage.tables import drafts, jobs


def ask_host_key(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Ask the draft's server for its host key; return the job's id.

    Raises:
        BadInput: Host or port cannot be used.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        found = drafts.by_id(cursor, draft_id, draft_actions.owner(caller))
        answers = found[0] if found else {}
        sentence = wizard.host_problem(answers.get("host", "")) or wizard.port_problem(answers.get("port"))
        if sentence:
            raise errors.BadInput(sentence, "host")
        arguments = {"host": answers["host"].strip(), "port": answers["port"]}
        return queue.add_question(cursor, queue.HOST_KEY, arguments, f"host_key:{draft_id}", caller.name)


def ask_test(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Test the draft's server in stages; return the job's id."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        arguments = {"draft_id": draft_id, "person_id": draft_actions.owner(caller)}
        return queue.add_question(cursor, queue.TEST, arguments, f"test:{draft_id}", caller.name)


def ask_scan(desk: Desk, caller: Caller, goal_id: str, folder: str, files: str, file_format: FileFormat) -> str:
    """Scan a goal's folder with these settings, saved or not; return the job's id.

    Raises:
        BadInput: Folder or pattern cannot be used.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("goal", goal_id))
    sentence = wizard.folder_problem(folder) or wizard.files_problem(files)
    if sentence:
        raise errors.BadInput(sentence, "folder")
    with desk.database.write("ctl") as cursor:
        goal = known_goal(cursor, goal_id)
        known_connection(cursor, goal.connection_id)
        arguments = {
            "connection_id": goal.connection_id,
            "folder": folder,
            "files": files,
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
        jobs.want_cancel(cursor, job_id)
