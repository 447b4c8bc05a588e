"""What the Actions page shows: conversions and clicks as they are now, found by what they are, and the story of one."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.base import clock, errors
from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.actions import Action, ActionStep
from storage.records.people import Caller
from storage.tables import actions, runs

OF_PROFILE_MAX = 8
"""How many actions a profile's page lists; the list of actions has all."""


@dataclass(frozen=True)
class Asked:
    """Which actions a page asks for; None and "" leave open. days: the last so many. key: whole, as files have it."""

    type: str | None = None
    counts: bool | None = None
    source: str | None = None
    days: int | None = None
    key: str = ""


@dataclass(frozen=True)
class ActionList:
    """A page of actions, newest first; total counts all that fit. now is UTC.

    types, sources: of all actions, with how many each has. is_masked: keys are masked for the caller.
    """

    lines: tuple[Action, ...]
    total: int
    types: dict[str, int]
    sources: dict[str, int]
    is_masked: bool
    now: datetime


@dataclass(frozen=True)
class ActionPage:
    """One action and its steps, oldest first; now is UTC.

    runs: the numbers by which people know the steps' runs, by run id, where they are still there.
    """

    action: Action
    steps: tuple[ActionStep, ...]
    runs: dict[str, int]
    may_see_runs: bool
    now: datetime


def listed(desk: Desk, caller: Caller, asked: Asked, start: int = 0, most: int = 50) -> ActionList:
    """Return `most` actions from `start` on, keys masked for support.

    Raises:
        NotAllowed: The caller's role does not see profiles.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("actions"))
    now = clock.now()
    since = now - timedelta(days=asked.days) if asked.days else None
    wanted = actions.Wanted(asked.type, asked.counts, asked.source, since, asked.key.strip())
    with desk.database.read() as cursor:
        found = actions.listed(cursor, wanted, start, most)
        total = actions.count(cursor, wanted)
        kinds = actions.kinds(cursor)
    types: dict[str, int] = {}
    sources: dict[str, int] = {}
    for source, kind, number in kinds:
        types[kind] = types.get(kind, 0) + number
        sources[source] = sources.get(source, 0) + number
    return ActionList(tuple(_shown(caller, action) for action in found), total, types, sources, _is_masked(caller), now)


def of_profile(desk: Desk, caller: Caller, profile_id: int) -> ActionList:
    """Return the newest actions of one profile, OF_PROFILE_MAX of them; total counts all.

    Raises:
        NotAllowed: The caller's role does not see profiles.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profile", str(profile_id)))
    wanted = actions.Wanted(profile_id=profile_id)
    with desk.database.read() as cursor:
        found = actions.listed(cursor, wanted, 0, OF_PROFILE_MAX)
        total = actions.count(cursor, wanted)
    return ActionList(tuple(_shown(caller, action) for action in found), total, {}, {}, _is_masked(caller), clock.now())


def page(desk: Desk, caller: Caller, ref: str) -> ActionPage:
    """Return one action by its ref with its story.

    Raises:
        NotAllowed: The caller's role does not see profiles.
        GiveUp: There is no such action.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("action", ref))
    with desk.database.read() as cursor:
        action = actions.by_ref(cursor, ref)
        steps = actions.story(cursor, action.source, action.key) if action else []
        known = [runs.by_id(cursor, run_id) for run_id in dict.fromkeys(step.run_id for step in steps)]
    if action is None:
        raise errors.GiveUp("This action is not there any more: the run that brought it was reverted. Search its key.")
    shown = tuple(dataclasses.replace(step, file_name=_text(caller, step.file_name)) for step in steps)
    numbers = {run.run_id: run.number for run in known if run is not None}
    return ActionPage(_shown(caller, action), shown, numbers, roles.may(caller.role, Right.SEE_RUNS), clock.now())


def _is_masked(caller: Caller) -> bool:
    return not roles.may(caller.role, Right.SEE_RAW_VALUES)


def _shown(caller: Caller, action: Action) -> Action:
    return dataclasses.replace(action, key=masking.mask(action.key) or "") if _is_masked(caller) else action


def _text(caller: Caller, text: str) -> str:
    return masking.mask_text(text) if _is_masked(caller) else text
