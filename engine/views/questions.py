"""Where a question to a server stands: waiting, answered or failed."""

from engine.base import errors
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.people import Caller
from storage.records.runs import Job
from storage.tables import jobs


def state(desk: Desk, caller: Caller, job_id: str) -> Job:
    """Return one question's job.

    Raises:
        NotAllowed: The caller's role does not see connections.
        GiveUp: It is not there.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTIONS, What("question", job_id))
    with desk.database.read() as cursor:
        job = jobs.by_id(cursor, job_id)
    if job is None:
        raise errors.GiveUp("This question is not there any more; ask again.")
    return job
