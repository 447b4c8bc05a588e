"""The mapping editor with 500 fields: how long the server takes to draw it again."""

import dataclasses
import time
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from engine.actions import goals as goal_actions
from engine.base import clock
from engine.base.settings import Settings
from engine.flows import queue
from engine.flows.desk import Desk
from engine.service import Home
from storage.records.goals import Identifier, Mapping, PropertyType, Strategy
from storage.records.people import Caller
from storage.records.runs import JobState
from storage.tables import jobs
from tests.bench.measuring import Report, median, timed, verdict
from tests.fakes.dashboard import ANSWER_WAIT_S, SESSION_COOKIE, Dashboard, Visitor
from tests.fakes.home import first_admin, session
from tests.pages import shop

FIELDS = 500
PROFILES = 100_000
SAMPLE_ROWS = 20
REDRAW_S_MAX = 1.0
_REDRAWS = 20
_PAUSE_S = 0.05
_DATE_EVERY, _NUMBER_EVERY = 10, 3


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    home = folder / "mapping_home"
    opened = Home(Settings(home=home))
    admin = first_admin(opened.desk)
    token = session(opened.desk, "ana@example.org")
    goal_id = _fill(opened.desk, admin)
    opened.close()
    with (
        Dashboard(home) as dashboard,
        Visitor(dashboard, {SESSION_COOKIE: token}).open_page() as page,
    ):
        first = timed(lambda: _draw(page, goal_id))
        took = [_redraw(page, goal_id) for _ in range(_REDRAWS)]
    late = sorted(took)[int(len(took) * 0.95)]
    note = (
        f"Part 4 of a goal with {FIELDS} mapped fields, each filling a property of {PROFILES:,} profiles, over the "
        f"websocket of the real server: from the request to the last element. {len(took)} redraws."
    )
    lines = [
        ("first", f"{first * 1000:.0f}", "", ""),
        ("again", f"{median(took) * 1000:.0f}", f"{late * 1000:.0f}", verdict(late, REDRAW_S_MAX, is_floor=False)),
    ]
    report.table("500 fields in the mapping editor", note, ("draw", "median ms", "p95 ms", "p95 in s"), lines)


def _fill(desk: Desk, admin: Caller) -> str:
    """Put in a goal that maps every field, what a scan saw, and profiles that hold a value in each property."""
    names = ["customer_id", *(f"field_{number}" for number in range(FIELDS - 1))]
    put = shop.open_shop(desk, admin, "Many fields")
    goal = shop.goal_of(desk, put)
    mappings = tuple(_mapping(number, name) for number, name in enumerate(names[1:]))
    links = (Identifier("customer_id", "customer_id"),)
    goal_actions.save(desk, admin, dataclasses.replace(goal, identifiers=links, mappings=mappings), goal.version)
    with desk.database.write("dat") as cursor:
        values = ", ".join(["range AS profile_id, 1 AS _rev, 'c' || range AS customer_id", *map(_filled, mappings)])
        cursor.execute(f"INSERT INTO dat.profile BY NAME SELECT {values} FROM range({PROFILES})")  # noqa: S608 - ours
    rows = [[line + 2, [_text(number, line) for number in range(FIELDS)]] for line in range(SAMPLE_ROWS)]
    answer: dict[str, object] = {
        "files": [],
        "not_taken": [],
        "preview": {"name": "many.csv", "encoding": "utf-8", "separator": ",", "columns": names, "rows": rows},
        "preview_error": None,
    }
    arguments = {"connection_id": put.connection_id, "format": dataclasses.asdict(goal.format)}
    with desk.database.write("ctl") as cursor:
        job_id = queue.add_question(cursor, queue.SCAN, arguments, f"scan:{put.goal_id}", admin.name)
        jobs.end(cursor, job_id, JobState.DONE, answer, None, clock.now())
    return put.goal_id


def _mapping(number: int, name: str) -> Mapping:
    if number % _DATE_EVERY == 0:
        return Mapping(name, f"many_{name}", PropertyType.DATE, Strategy.SET, "%Y-%m-%d")
    if number % _NUMBER_EVERY == 0:
        return Mapping(name, f"many_{name}", PropertyType.INTEGER, Strategy.SUM)
    return Mapping(name, f"many_{name}", PropertyType.TEXT, Strategy.SET)


def _filled(mapping: Mapping) -> str:
    values = {PropertyType.DATE: "DATE '2026-01-01'", PropertyType.INTEGER: "range", PropertyType.TEXT: "'v' || range"}
    return f'{values[mapping.type]} AS "{mapping.property}"'


def _text(number: int, line: int) -> str:
    return f"2026-01-{line % 28 + 1:02d}" if number % _DATE_EVERY == 1 else str(number * line)


def _redraw(page: ClientConnection, goal_id: str) -> float:
    time.sleep(_PAUSE_S)
    return timed(lambda: _draw(page, goal_id))


def _draw(page: ClientConnection, goal_id: str) -> None:
    state = ClientState(page_name="goal", query_string=f"id={goal_id}&part=mappings")
    page.send(BackMsg(rerun_script=state).SerializeToString())
    while True:
        data = page.recv(timeout=ANSWER_WAIT_S)
        message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
        if message.WhichOneof("type") == "script_finished" and message.script_finished == message.FINISHED_SUCCESSFULLY:
            return
