"""What the list of connections and one connection's page show."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.base import clock, errors
from engine.connections import fields, telling
from engine.connections.telling import Ours
from engine.flows import goal_place, ours, ticks
from engine.flows.desk import Desk
from engine.mapping import actions as action_rules
from engine.mapping import goal_checks
from engine.security import audit, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, Method
from storage.records.credentials import Credential
from storage.records.goals import ImportGoal
from storage.records.people import Caller, Role
from storage.records.runs import Run, RunStage
from storage.tables import connections, credentials, drafts, due, files_seen, goals, profiles, runs

_DAYS = 7
_RUNS_SHOWN = 50
_TIMES_SHOWN = 3


@dataclass(frozen=True)
class ConnectionLine:
    """One line of the list. rows_by_day: rows read on each of the last seven days (UTC), today last."""

    connection: Connection
    newest_run: Run | None
    rows_by_day: tuple[int, ...]


@dataclass(frozen=True)
class DraftLine:
    """A draft of the caller's that was not finished. name is empty where none was given yet."""

    draft_id: str
    name: str
    changed_at: datetime


@dataclass(frozen=True)
class ConnectionList:
    """The list page. now is UTC; may_edit: the caller can create and change. reached_at: what partners allow-list."""

    lines: tuple[ConnectionLine, ...]
    drafts: tuple[DraftLine, ...]
    now: datetime
    may_edit: bool
    may_run: bool
    reached_at: dict[Method, Ours]

    @property
    def is_going(self) -> bool:
        """Whether something runs or waits, so that the list is worth reading again soon."""
        return any(line.newest_run is not None and line.newest_run.ended_at is None for line in self.lines)


@dataclass(frozen=True)
class ConnectionPage:
    """One connection; all times are UTC.

    stages: of the going run, empty where none goes. next_due: the next times that it runs by itself, empty
    where it does not. not_ready: why Run now would be refused, one sentence, or None. credential: what signs in,
    None where nobody does. ours: what Handoff provides where partners come to us. uri: where files come from or go.
    may_map, may_see_runs: the caller sees the mapping, and runs one by one. may_send: hands files over.
    unmapped: what a goal still needs before it can run, by its id, one sentence. rows_today: rows of the files that a
    goal imported since midnight (UTC), by its id. may_edit_goals: the caller adds, ticks and removes goals. no_more:
    why there is no other goal to add, one sentence, or None. removable: ids of goals that imported nothing.
    changes_actions: rows change actions by their key.
    """

    connection: Connection
    goals: tuple[ImportGoal, ...]
    unmapped: dict[str, str]
    rows_today: dict[str, int]
    no_more: str | None
    removable: frozenset[str]
    runs: tuple[Run, ...]
    runs_total: int
    stages: tuple[RunStage, ...]
    profiles_total: int | None
    next_due: tuple[datetime, ...]
    not_ready: str | None
    now: datetime
    may_edit: bool
    may_run: bool
    may_cancel: bool
    may_map: bool
    may_edit_goals: bool
    may_see_runs: bool
    may_send: bool
    credential: Credential | None
    ours: Ours
    uri: str
    changes_actions: bool

    @property
    def going(self) -> Run | None:
        """The run that goes or waits, or None."""
        return next((run for run in self.runs if run.ended_at is None), None)


def listed(desk: Desk, caller: Caller) -> ConnectionList:
    """Return all connections by name; a partner's own alone.

    Raises:
        NotAllowed: The caller's role does not see connections.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTIONS, What("connections"))
    today = _midnight()
    days = [f"{today - timedelta(days=back):%Y-%m-%d}" for back in range(_DAYS - 1, -1, -1)]
    with desk.database.read() as cursor:
        newest = runs.newest_by_connection(cursor)
        read = runs.rows_by_day(cursor, today - timedelta(days=_DAYS - 1))
        mine = drafts.listed(cursor, caller.person_id or caller.name)
        lines = tuple(
            ConnectionLine(
                connection,
                newest.get(connection.connection_id),
                tuple(read.get(connection.connection_id, {}).get(day, 0) for day in days),
            )
            for connection in connections.listed(cursor)
            if roles.owns(caller, connection.owner_id)
        )
        reached_at = {method: ours.of(desk, cursor, method) for method in Method}
    return ConnectionList(
        lines,
        tuple(DraftLine(draft_id, answers.get("name", ""), at) for draft_id, answers, at in mine),
        clock.now(),
        roles.may(caller.role, Right.EDIT_CONNECTIONS),
        roles.may(caller.role, Right.RUN),
        reached_at,
    )


def page(desk: Desk, caller: Caller, connection_id: str) -> ConnectionPage:
    """Return one connection with its goals and run history, newest first.

    Raises:
        NotAllowed: The caller's role does not see connections.
        GiveUp: It is not there, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTIONS, What("connection", connection_id))
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, connection_id)
        if connection is None or not roles.owns(caller, connection.owner_id):
            raise errors.GiveUp("This connection is not there any more; go back to the list.")
        wanted = goals.of_connection(cursor, connection_id)
        shown = runs.listed(cursor, connection_id, 0, _RUNS_SHOWN)
        going = next((run for run in shown if run.ended_at is None), None)
        first = due.next_of(cursor, connection_id)
        provided = ours.of_connection(desk, cursor, connection) if connection.is_hosted else Ours()
        held = connection.credential_id
        return ConnectionPage(
            connection=connection,
            goals=tuple(wanted),
            unmapped=_unmapped(cursor, connection, wanted),
            rows_today=files_seen.rows_since(cursor, _midnight()),
            no_more=goal_place.no_more(connection, len(wanted)),
            removable=frozenset(goal.goal_id for goal in wanted if ticks.why_kept(cursor, goal.goal_id) is None),
            runs=tuple(shown),
            runs_total=runs.count(cursor, connection_id),
            stages=tuple(runs.stages(cursor, going.run_id)) if going else (),
            profiles_total=None if caller.role is Role.PARTNER else profiles.count(cursor),
            next_due=_beats(first, connection.every_minutes) if first and connection.every_minutes else (),
            not_ready=_not_ready(cursor, connection, wanted),
            now=clock.now(),
            may_edit=roles.may(caller.role, Right.EDIT_CONNECTIONS),
            may_run=roles.may(caller.role, Right.RUN),
            may_cancel=roles.may(caller.role, Right.CANCEL),
            may_map=roles.may(caller.role, Right.SEE_MAPPINGS),
            may_edit_goals=roles.may(caller.role, Right.EDIT_MAPPINGS),
            may_see_runs=roles.may(caller.role, Right.SEE_RUNS),
            may_send=roles.may(caller.role, Right.SEND_FILES),
            credential=_credential(cursor, held),
            ours=provided,
            uri=_uri(connection, wanted, provided),
            changes_actions=connection.data_type in action_rules.CHANGING,
        )


def next_times(every_minutes: int | None) -> tuple[datetime, ...]:
    """Return when a connection would run next (UTC) if this schedule were saved now; empty where it cannot be."""
    if every_minutes is None or fields.minutes_problem(every_minutes):
        return ()
    return _beats(clock.now() + timedelta(minutes=every_minutes), every_minutes)


def _uri(connection: Connection, wanted: list[ImportGoal], provided: Ours) -> str:
    server, details = connection.server, connection.details
    folder = wanted[0].folder if wanted else details.folder
    is_ours = connection.is_hosted
    return telling.uri(
        connection.method,
        server.username,
        provided.host if is_ours else server.host,
        provided.port if is_ours else server.port,
        provided.folder if is_ours else folder,
        mail_to=(provided.address,) if is_ours else details.recipients,
        is_mailbox=bool(server.host),
        is_plain=details.plain_ftp,
    )


def _credential(cursor: Cursor, credential_id: str | None) -> Credential | None:
    found = credentials.by_id(cursor, credential_id) if credential_id else None
    return replace(found, password_hash="") if found else None


def _beats(first: datetime, every_minutes: int) -> tuple[datetime, ...]:
    return tuple(first + timedelta(minutes=every_minutes * number) for number in range(_TIMES_SHOWN))


def _not_ready(cursor: Cursor, connection: Connection, wanted: list[ImportGoal]) -> str | None:
    if connection.state.value == "off":
        return f"{connection.name} is off. Turn it on to run it."
    resting = ticks.problem(connection, wanted)
    if resting:
        return resting
    missing = _unmapped(cursor, connection, ticks.ticked(wanted))
    return next((f"Map columns first: {sentence}" for sentence in missing.values()), None)


def _unmapped(cursor: Cursor, connection: Connection, wanted: list[ImportGoal]) -> dict[str, str]:
    known = profiles.properties(cursor)
    found = {goal.goal_id: goal_checks.problems(goal, known, connection.data_type) for goal in wanted}
    return {goal_id: sentences[0] for goal_id, sentences in found.items() if sentences}


def _midnight() -> datetime:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
