"""Where a question to a server stands: waiting, answered or failed."""

from engine.base import errors
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.people import Caller, Role
from storage.records.runs import Job
from storage.tables import drafts, jobs


def state(desk: Desk, caller: Caller, job_id: str) -> Job:
    """Return one question's job.

    Raises:
        NotAllowed: The caller's role does not see connections.
        GiveUp: It is not there, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTIONS, What("question", job_id))
    with desk.database.read() as cursor:
        job = jobs.by_id(cursor, job_id)
        if job is not None and caller.role is Role.PARTNER and not _is_own(cursor, caller, job):
            job = None
    if job is None:
        raise errors.GiveUp("This question is not there any more; ask again.")
    return job


def _is_own(cursor: Cursor, caller: Caller, job: Job) -> bool:
    draft_id = job.unique_key.partition(":")[2]
    return drafts.by_id(cursor, draft_id, caller.person_id or caller.name) is not None
