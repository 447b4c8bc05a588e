"""Questions of a wizard on a real server: names to try a pattern on, a test that writes, and a scan of what came."""

from typing import Any

import pytest

from engine.actions import drafts, questions
from engine.base import clock, ids, limits
from engine.flows.desk import Desk
from engine.views import drafts as view
from engine.views import goals as goals_view
from engine.views import questions as questions_view
from storage.records.connections import Connection, Direction, Secrets
from storage.records.exchange import FileState, HandedFile
from storage.records.goals import FileFormat
from storage.records.people import Caller, Role
from storage.records.runs import Job
from storage.tables import exchange, goals
from tests.fakes.shop import Shop
from tests.fakes.wizards import fill, make

ANA = Caller("Ana Vos", Role.ANALYST, "p1")
PULL, PUSH = ("inbound", "sftp", "pull"), ("inbound", "sftp", "push")


def draft_of(shop: Shop, **changes: Any) -> str:
    """A finished draft of a connection to the shop's server."""
    server = shop.server
    place = {"host": server.host, "port": server.port, "folder": server.absolute_folder, "username": server.username}
    draft_id = fill(shop.desk, ANA, PULL, "Shop", **{**place, "host_key": server.fingerprint, **changes})
    drafts.set_secret(shop.desk, ANA, draft_id, Secrets(password=server.password))
    return draft_id


def answer(shop: Shop, job_id: str) -> Job:
    shop.work()
    return questions_view.state(shop.desk, ANA, job_id)


def land(desk: Desk, connection: Connection, name: str, text: str) -> None:
    """Put a row of a file that came, with its content, as the intake does."""
    file_id = ids.ulid()
    work = desk.spool.work_folder("came")
    (work / "0.data").write_text(text)
    key = desk.spool.keep(file_id, work / "0.data")
    file = HandedFile(
        file_id, connection.connection_id, None, Direction.INBOUND, name, "/", len(text), "0" * 64,
        FileState.NOT_MATCHED, None, ids.ulid(), key, None, None, None, None, 0, 0, 0, clock.now(), None, None,
    )  # fmt: skip
    with desk.database.write("ctl") as cursor:
        exchange.insert(cursor, file)


@pytest.mark.promise("W15")
def test_the_real_folder_gives_the_names_to_try_a_pattern_on(shop: Shop) -> None:
    # given
    for name in ("a.csv", "b.txt", "receipt_a.csv"):
        shop.write(name, "x\n")
    draft_id = draft_of(shop)
    # when
    job = answer(shop, questions.ask_listing(shop.desk, ANA, draft_id))
    # then
    assert job.result is not None
    assert sorted(job.result["names"]) == ["a.csv", "b.txt", "receipt_a.csv"]
    assert view.page(shop.desk, ANA, draft_id, None).listing_job == job
    trial = view.try_pattern("*.csv", "wildcard", sorted(job.result["names"]))
    assert [taken for _, taken, _ in trial.lines] == [True, False, False]


@pytest.mark.promise("W33")
def test_a_result_folder_is_tried_by_writing_into_it(shop: Shop) -> None:
    # given
    folder = shop.server.absolute_folder
    shop.server.folder.chmod(0o777)
    draft_id = draft_of(shop, result_folder=folder)
    # when
    good = answer(shop, questions.ask_test(shop.desk, ANA, draft_id))
    drafts.save(shop.desk, ANA, draft_id, {"result_folder": "/nowhere-at-all"})
    bad = answer(shop, questions.ask_test(shop.desk, ANA, draft_id))
    # then
    assert good.result is not None
    assert [stage["name"] for stage in good.result["stages"]] == [
        "resolve", "connect", "host key", "sign in", "list", "write",
    ]  # fmt: skip
    assert all(stage["ok"] for stage in good.result["stages"])
    assert bad.result is not None
    assert (bad.result["stages"][-1]["name"], bad.result["stages"][-1]["ok"]) == ("write", False)
    assert list(shop.server.folder.iterdir()) == []


def test_where_partners_push_a_scan_reads_the_newest_file_that_came(shop: Shop) -> None:
    # given
    connection = make(shop.desk, ANA, PUSH, "Drop")
    land(shop.desk, connection, "old.csv", "id;name\n1;Ana\n")
    land(shop.desk, connection, "new.csv", "id;points\n1;5\n")
    land(shop.desk, connection, "logo.png", "no table")
    with shop.desk.database.read() as cursor:
        [goal] = goals.of_connection(cursor, connection.connection_id)
    # when
    job = answer(shop, questions.ask_scan(shop.desk, ANA, goal.goal_id, "/", "*.csv", FileFormat(separator=None)))
    # then
    assert job.result is not None
    assert job.result["preview"]["name"] == "new.csv"
    assert job.result["preview"]["columns"] == ["id", "points"]
    assert [file["name"] for file in job.result["files"]] == ["old.csv", "new.csv"]
    assert [name for name, _ in job.result["not_taken"]] == ["logo.png"]
    scan = goals_view.page(shop.desk, ANA, goal.goal_id).scan
    assert scan is not None
    assert [(file.name, file.rows, file.is_estimate) for file in scan.files] == [
        ("old.csv", None, False),
        ("new.csv", 1, False),
    ]


@pytest.mark.promise("M05")
def test_the_rows_of_a_file_of_which_only_the_start_is_read_are_an_estimate(shop: Shop) -> None:
    # given
    rows = limits.SNIFF_BYTES // 4
    shop.write("a.csv", "id,name,points\n" + "".join(f"{number:07d},Ana,5\n" for number in range(rows)))
    shop.apply()
    with shop.desk.database.read() as cursor:
        [goal] = goals.listed(cursor)
    # when
    answer(shop, questions.ask_scan(shop.desk, ANA, goal.goal_id, goal.folder, goal.files, goal.format))
    # then
    scan = goals_view.page(shop.desk, ANA, goal.goal_id).scan
    assert scan is not None
    [file] = scan.files
    assert file.is_estimate
    assert file.rows is not None
    assert abs(file.rows - rows) < rows / 100


def test_before_anything_came_a_scan_says_nothing(shop: Shop) -> None:
    # given
    connection = make(shop.desk, ANA, PUSH, "Drop")
    with shop.desk.database.read() as cursor:
        [goal] = goals.of_connection(cursor, connection.connection_id)
    # when
    job = answer(shop, questions.ask_scan(shop.desk, ANA, goal.goal_id, "/", "", FileFormat(separator=None)))
    # then
    assert job.result == {"files": [], "not_taken": [], "preview": None, "preview_error": None}
