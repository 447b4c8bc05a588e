"""Sending failed messages again: exactly these, and only what is still current of them."""

from collections.abc import Sequence

from engine.actions.desk import Desk
from engine.flows import replay as flow
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.people import Caller


def replay(desk: Desk, caller: Caller, failure_ids: Sequence[str]) -> int:
    """Send failures again and return how many signals will go; 0 where nothing of them is current any more.

    Raises:
        NotAllowed: The caller's role may not replay.
        GiveUp: A failure is not there any more, or its configuration is not active; nothing is sent then.
    """
    audit.allow(desk.database, caller, Right.REPLAY, What("failures"))
    # Ids grow with time: what failed first goes first, as it would have gone.
    signals = flow.replay(desk, sorted(failure_ids), caller.name)
    with desk.database.write("ctl") as cursor:
        after = {"failures": sorted(failure_ids), "signals": signals}
        audit.record(cursor, caller, "replayed", What("failures"), after=after)
    return signals
