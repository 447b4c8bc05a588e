"""Puts a shop into a home for tests of pages: a connection, a goal, a scan, and runs that really read and merged."""

import dataclasses
from dataclasses import dataclass, replace
from pathlib import Path

from engine.actions import connections as connection_actions
from engine.actions import goals as goal_actions
from engine.actions.credential_rows import WantedCredential
from engine.base import clock, errors, ids
from engine.files.read import read_file
from engine.flows import queue
from engine.flows.desk import Desk
from engine.mapping import plan
from storage.records.connections import DataType, Direction, Method, Methodology, Secrets
from storage.records.credentials import CredentialKind, Origin
from storage.records.files import FileReading
from storage.records.goals import BLANKS, FileFormat, Identifier, ImportGoal, Mapping, PropertyType, Strategy
from storage.records.people import Caller
from storage.records.runs import JobState, RunCounts, RunStage, RunState, StageState
from storage.tables import files_seen, goals, jobs, merges, profiles, runs

NAME = "CD shop purchases"
FILE = "CDNOW_1997.txt"
COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")
FORMAT = FileFormat(separator=BLANKS, header=True)
LINES = (
    " customer_id  date number_of_cds  dollar_value",
    " 00001 19970101 1 11.77",
    " 00001 19970118 2 12.00",
    " 00002 19970231 2 77.00",
    " 00003 19970102 2 11,70",
    " 00004 19970104 3",
    " 00005 19970104 3 20.76",
)
"""Six rows: three good ones of two people, and one each of an impossible date, a comma, a missing column."""
MAPPINGS = (
    Mapping("date", "last_purchase", PropertyType.DATE, Strategy.SET, "%Y%m%d"),
    Mapping("number_of_cds", "cds", PropertyType.INTEGER, Strategy.SUM),
    Mapping("dollar_value", "spend", PropertyType.DECIMAL, Strategy.SUM),
)


@dataclass(frozen=True)
class Shop:
    """What was put in; each run is a number as people see it."""

    connection_id: str
    goal_id: str


def open_shop(desk: Desk, admin: Caller, name: str = NAME) -> Shop:
    """Make a connection with its first goal, nothing mapped yet."""
    wanted = connection_actions.Wanted(
        name=name,
        direction=Direction.INBOUND,
        data_type=DataType.CARD_LINKED_TRANSACTIONS,
        method=Method.SFTP,
        methodology=Methodology.PULL,
        host="shop.example.org",
        port=22,
        host_key="SHA256:" + "a" * 43,
        sign_in=sign_in(name),
    )
    connection_id = connection_actions.save_from_wizard(
        desk, admin, wanted, None, connection_actions.WantedFiles("/outgoing", "CDNOW_*.txt")
    )
    with desk.database.read() as cursor:
        goal_id = goals.of_connection(cursor, connection_id)[0].goal_id
    return Shop(connection_id, goal_id)


def sign_in(name: str = NAME, password: str = "not used here") -> WantedCredential:
    """Return the credentials by which the shop's server is reached."""
    return WantedCredential(
        name,
        Method.SFTP,
        Origin.ENTERED,
        CredentialKind.PASSWORD,
        username="shop",
        host="shop.example.org",
        port=22,
        secrets=Secrets(password=password),
    )


def goal_of(desk: Desk, shop: Shop) -> ImportGoal:
    """Return the goal as it is saved now."""
    with desk.database.read() as cursor:
        goal = goals.by_id(cursor, shop.goal_id)
    assert goal is not None
    return goal


def map_columns(desk: Desk, admin: Caller, shop: Shop, *, create_profiles: bool = True) -> ImportGoal:
    """Save the goal with its identifier and three mappings."""
    goal = goal_of(desk, shop)
    mapped = replace(
        goal,
        format=FORMAT,
        identifiers=(Identifier("customer_id", "customer_id"),),
        create_profiles=create_profiles,
        mappings=MAPPINGS,
    )
    return goal_actions.save(desk, admin, mapped, goal.version)


def scan(
    desk: Desk,
    shop: Shop,
    columns: tuple[str, ...] = COLUMNS,
    error: str | None = None,
    rows: list[list[str]] | None = None,
) -> None:
    """Leave an answered scan of the shop's folder, or one that failed."""
    arguments = {"connection_id": shop.connection_id, "format": dataclasses.asdict(FORMAT)}
    texts = rows or [line.split() for line in LINES[1:4]]
    seen = [[number + 2, values] for number, values in enumerate(texts)]
    counted = {"records": len(seen), "is_whole": True, "rows_estimated": len(seen)}
    told = {"name": FILE, "encoding": "utf-8", "separator": BLANKS, "columns": list(columns), "rows": seen}
    answer = {
        "files": [{"name": FILE, "size_bytes": 1234, "changed_at": "2026-11-21T09:00:00"}],
        "not_taken": [["readme.md", "does not match"]],
        "preview": told | counted,
        "preview_error": None,
    }
    with desk.database.write("ctl") as cursor:
        job_id = queue.add_question(cursor, queue.SCAN, arguments, f"scan:{shop.goal_id}", "Ana Vos")
        if error:
            jobs.end(cursor, job_id, JobState.FAILED, None, (error, "folder"), clock.now())
        else:
            jobs.end(cursor, job_id, JobState.DONE, answer, None, clock.now())


def run_file(desk: Desk, shop: Shop, folder: Path, lines: tuple[str, ...] = LINES) -> str:
    """Read and merge a file as a run does, and record the run as completed; return the run's number."""
    goal = goal_of(desk, shop)
    run_id = _start(desk, shop)
    source = folder / FILE
    source.write_text("\n".join(lines) + "\n")
    target = desk.spool.work_folder(run_id)
    reading = read_file(source, target, FORMAT, lambda _done, _total: None)
    with desk.database.write("dat") as cursor:
        # Small numbers are easier to read, but two files must not give two people one number.
        base = ids.profile_id_base() if profiles.count(cursor) else 1_000
        key = desk.spool.change_key(run_id, ids.ulid())
        path = str(desk.spool.path(key))
        attempt = plan.Attempt(run_id, int(_number(desk, run_id)), base, FILE, changes_path=path, changes_key=key)
        counts = merges.merge(cursor, plan.make(goal, reading, files_seen.last(cursor, goal.goal_id, FILE), attempt))
    desk.spool.discard(target)
    _put_stages(desk, run_id, reading)
    with desk.database.write("ctl") as cursor:
        runs.end(cursor, run_id, RunState.COMPLETED, counts, clock.now(), None)
        jobs.end(cursor, run_id, JobState.DONE, counts.as_contract(), None, clock.now())
    return _number(desk, run_id)


def fail_run(desk: Desk, shop: Shop, sentence: str, category: errors.Category) -> str:
    """Record a run that failed in its first stage; return its number."""
    run_id = _start(desk, shop)
    with desk.database.write("ctl") as cursor:
        runs.put_stage(cursor, _stage(run_id, 1, "Fetch", StageState.FAILED, sentence))
        runs.end(cursor, run_id, RunState.FAILED, RunCounts(), clock.now(), (sentence, category.value))
    return _number(desk, run_id)


def keep_running(desk: Desk, shop: Shop, done: int, total: int) -> str:
    """Leave a run that is merging right now; return its number."""
    run_id = _start(desk, shop)
    with desk.database.write("ctl") as cursor:
        stage = _stage(run_id, 3, "Match and merge", StageState.RUNNING, "")
        runs.put_stage(cursor, replace(stage, ended_at=None, done=done, total=total, unit="rows"))
    return _number(desk, run_id)


def _start(desk: Desk, shop: Shop) -> str:
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, shop.connection_id, "Ana Vos")
        runs.start(cursor, run_id, clock.now())
    return run_id


def _put_stages(desk: Desk, run_id: str, reading: FileReading) -> None:
    with desk.database.write("ctl") as cursor:
        said = f"{FILE}: {reading.encoding} · {reading.records:,} rows"
        runs.put_stage(cursor, _stage(run_id, 1, "Fetch", StageState.DONE, f"{FILE} · unchanged while fetched"))
        runs.put_stage(cursor, _stage(run_id, 2, "Read and check", StageState.DONE, said))


def _stage(run_id: str, position: int, name: str, state: StageState, summary: str) -> RunStage:
    now = clock.now()
    return RunStage(run_id, position, name, state, now, now, 0, 0, "bytes", summary)


def _number(desk: Desk, run_id: str) -> str:
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
    assert run is not None
    return str(run.number)
