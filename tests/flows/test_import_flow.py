"""The import end to end: files on a real server become profiles that balance to the row, and only changes count."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import verbs
from engine.actions import connections as connection_actions
from engine.base.errors import NotAllowed
from engine.views import runs as run_views
from storage.database import Cursor, open_database
from storage.records.merges import MergePlan
from storage.records.people import Caller, Role
from storage.records.runs import RunCounts
from storage.tables import jobs, merges
from tests.fakes.openssh import OpenSSH
from tests.fakes.service import ServiceProcess
from tests.fakes.shop import CALLER, LINES_MAPPINGS, NAME, Shop, age, balanced, cdnow_wanted
from tests.fakes.tables import cdnow_like

HEADER = "id,name,points\n"
PURCHASE = " 00002 19990101  1   10.00\r\n"


def rows_of(**counts: Any) -> dict[str, Any]:
    """Return a run's counts of rows, nothing where nothing is named."""
    return {"read": 0, "applied": 0, "unchanged": 0, "skipped": {}, "rejected": 0, **counts}


def append(path: Path, line: str) -> None:
    """Add a line to a file on the server."""
    with path.open("a", newline="") as file:
        file.write(line)
    age(path)


@pytest.mark.promise("M28")
@pytest.mark.promise("T09")
@pytest.mark.promise("Z06")
@pytest.mark.fault(85)
def test_purchases_become_profiles_and_what_is_appended_counts_once(shop: Shop) -> None:
    # given
    path = shop.write("CDNOW_1.txt", "")
    totals = cdnow_like(path, customers=600, seed=7)
    age(path)
    shop.apply_cdnow()
    # when
    first = shop.run()
    # then
    assert first["rows"] == rows_of(read=totals.rows, applied=totals.rows)
    assert first["profiles"] == {"created": totals.customers, "updated": 0}
    assert totals.repeats > 0
    held = "SELECT count(*), sum(spend), sum(cds)::BIGINT FROM dat.profile"
    assert shop.sql(held) == [(totals.customers, totals.spend, totals.cds)]
    assert shop.sql("SELECT count(*) FROM dat.profile WHERE length(customer_id) <> 5") == [(0,)]
    # and the same file again is not imported
    again = shop.run()
    assert (again["rows"], again["files"]) == (rows_of(), {"taken": 0, "unchanged": 1})
    # and one purchase appended is one update
    append(path, PURCHASE)
    one = shop.run()
    assert one["rows"] == rows_of(read=totals.rows + 1, applied=1, unchanged=totals.rows)
    assert one["profiles"] == {"created": 0, "updated": 1}
    # and the same purchase twice more is two purchases
    append(path, PURCHASE * 2)
    two = shop.run()
    assert two["rows"] == rows_of(read=totals.rows + 3, applied=2, unchanged=totals.rows + 1)
    assert shop.sql(held) == [(totals.customers, totals.spend + 30, totals.cds + 3)]


@pytest.mark.promise("M28")
def test_cdnow_comes_to_the_known_totals(tmp_path: Path, sftp_server: OpenSSH, data_folder: Path) -> None:
    # given
    path = sftp_server.folder / "CDNOW_master.txt"
    shutil.copy(next(data_folder.rglob("CDNOW_master.txt")), path)
    path.chmod(0o644)
    age(path)
    home = tmp_path / "home"
    ends = []
    # when: once, again, with a purchase appended, and with the same purchase twice more
    with ServiceProcess(home) as service:
        service.ask("apply", wanted=cdnow_wanted(sftp_server))
        for line in ("", "", PURCHASE, PURCHASE * 2):
            append(path, line)
            ends.append(service.wait_for_end(service.ask("run", name=NAME)["id"]))
        shown = service.ask("profiles_show", value="00002")["properties"]
    # then
    assert [end["rows"] for end in ends] == [
        rows_of(read=69_659, applied=69_659),
        rows_of(),
        rows_of(read=69_660, applied=1, unchanged=69_659),
        rows_of(read=69_662, applied=2, unchanged=69_660),
    ]
    assert [end["profiles"] for end in ends] == [
        {"created": 23_570, "updated": 0},
        {"created": 0, "updated": 0},
        {"created": 0, "updated": 1},
        {"created": 0, "updated": 1},
    ]
    assert (shown["customer_id"], shown["last_purchase"], shown["first_purchase"]) == (
        "00002",
        "1999-01-01",
        "1997-01-12",
    )
    # and after the service has stopped, the database itself says so
    database = open_database(home / "handoff.duckdb", (home / "spool",))
    with database.read() as cursor:
        found = cursor.execute("SELECT count(*), sum(spend), sum(cds)::BIGINT FROM dat.profile").fetchall()
        zeros = cursor.execute("SELECT min(length(customer_id)), min(customer_id) FROM dat.profile").fetchall()
    assert found == [(23_570, Decimal("2500315.63") + 30, 167_881 + 3)]
    assert zeros == [(5, "00001")]
    database.close()


@pytest.mark.promise("H02")
def test_two_files_are_taken_in_the_order_of_their_times(shop: Shop) -> None:
    # given: the later one was written first
    for name, text, changed_s in (("b.csv", "1,old,1\n2,Ben,2\n", 1_000_000), ("a.csv", "1,new,4\n", 2_000_000)):
        os.utime(shop.write(name, HEADER + text), (changed_s, changed_s))
    shop.apply()
    # when
    run = shop.run()
    # then: a profile that both files touch is created, not updated too
    assert run["rows"] == rows_of(read=3, applied=3)
    assert (run["profiles"], run["files"]) == ({"created": 2, "updated": 0}, {"taken": 2, "unchanged": 0})
    assert shop.profile("1") == {"customer_id": "1", "name": "new", "points": 5}
    stages = run_views.page(shop.desk, CALLER, run["id"]).stages
    assert [stage.name for stage in stages] == ["Fetch", "Read and check", "Match and merge"]
    assert all(stage.state == "done" and stage.ended_at is not None for stage in stages)


@pytest.mark.promise("M32")
def test_a_bad_file_stops_neither_its_neighbour_nor_the_next_run(shop: Shop) -> None:
    # given
    os.utime(shop.write("bad.csv", "<html><body>Error 500</body></html>\n"), (1_000_000, 1_000_000))
    shop.write("good.csv", HEADER + "1,Ana,5\n2,Ben,seven\n")
    shop.apply()
    # when
    first = shop.run()
    second = shop.run()
    shop.write("bad.csv", HEADER + "3,Cas,1\n")
    third = shop.run()
    # then: the good file is in, and the run says which was not
    assert (first["state"], first["error"]["category"]) == ("failed", "format")
    assert "bad.csv" in first["error"]["sentence"]
    assert first["rows"] == rows_of(read=2, applied=1, rejected=1)
    assert (second["state"], second["files"]) == ("failed", {"taken": 0, "unchanged": 1})
    assert (third["state"], third["rows"]) == ("completed", rows_of(read=1, applied=1))
    assert shop.profile("1")["points"] == 5


def test_without_creation_rows_of_unknown_people_are_skipped_and_counted(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    shop.run()
    shop.write("a.csv", HEADER + "1,Ana,5\n1,Ana,1\n8,Eva,1\n9,Fay,1\n")
    shop.apply(create_profiles=False)
    # when
    run = shop.run()
    # then: the known row runs again for Set, and its sum does not
    assert run["rows"] == rows_of(read=4, applied=2, skipped={"no_match": 2})
    assert run["profiles"] == {"created": 0, "updated": 1}
    assert shop.profile("1")["points"] == 6
    # and when they may be created, they are, with their sums
    shop.apply()
    assert shop.run()["profiles"] == {"created": 2, "updated": 1}
    assert [shop.profile(key)["points"] for key in ("1", "8", "9")] == [6, 1, 1]


@pytest.mark.promise("M26")
@pytest.mark.promise("M27")
@pytest.mark.promise("M24")
def test_a_changed_mapping_imports_the_unchanged_file_again_for_set_and_not_for_sum(shop: Shop) -> None:
    # given
    shop.write("a.csv", "id,name,points,city\n1,Ana,5,Rome\n2,Ben,7,Oslo\n")
    shop.apply()
    shop.run()
    unchanged = shop.run()
    city = {"field": "city", "property": "city", "type": "text", "strategy": "set"}
    shop.apply(mappings=[*LINES_MAPPINGS, city])
    # when
    run = shop.run()
    # then
    assert unchanged["files"] == {"taken": 0, "unchanged": 1}
    assert run["rows"] == rows_of(read=2, applied=2)
    assert shop.profile("1") == {"customer_id": "1", "name": "Ana", "points": 5, "city": "Rome"}


@pytest.mark.promise("M24")
def test_a_sum_taken_out_and_put_back_fails_the_run_and_changes_nothing(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    shop.run()
    shop.apply(mappings=LINES_MAPPINGS[:1])
    shop.run()
    shop.apply()
    # when
    run = shop.run()
    # then
    assert run["state"] == "failed"
    assert "The sum of points into points was taken out and put back" in run["error"]["sentence"]
    assert shop.profile("1")["points"] == 5


@pytest.mark.promise("T10")
def test_a_file_has_changed_when_its_content_has_whatever_its_time_says(shop: Shop) -> None:
    # given
    path = shop.write("a.csv", HEADER + "1,Ana,5\n")
    os.utime(path, (1_000_000, 1_000_000))
    shop.apply()
    shop.run()
    # when: another time and the same content, then another content of the same size and time
    os.utime(path, (2_000_000, 2_000_000))
    touched = shop.run()
    os.utime(shop.write("a.csv", HEADER + "1,Ana,6\n"), (2_000_000, 2_000_000))
    written = shop.run()
    # then
    assert touched["files"] == {"taken": 0, "unchanged": 1}
    assert (written["files"], written["rows"]["applied"]) == ({"taken": 1, "unchanged": 0}, 1)


@pytest.mark.promise("P05")
def test_our_own_receipts_and_results_are_never_taken(shop: Shop) -> None:
    # given
    for name in ("receipt_a.csv", "result_a.csv", "a.csv"):
        shop.write(name, HEADER + f"{name},Ana,1\n")
    shop.apply(files="*")
    # when
    run = shop.run()
    # then
    assert (run["rows"]["read"], run["files"]["taken"]) == (1, 1)
    assert shop.count() == 1
    assert shop.profile("a.csv")["points"] == 1


@pytest.mark.promise("Y12")
def test_a_run_cancelled_in_the_middle_of_a_merge_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the wish comes when the second file has been merged, and before that is committed
    for number, name in enumerate(("a.csv", "b.csv")):
        os.utime(shop.write(name, HEADER + f"{number},Ana,1\n"), (1_000_000 + number, 1_000_000 + number))
    shop.apply()
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge

    def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
        counts = whole(cursor, plan)
        if plan.file_name == "b.csv":
            with shop.desk.database.write("ctl") as other:
                jobs.want_cancel(other, plan.run_id)
        return counts

    monkeypatch.setattr(merges, "merge", merge)
    # when
    run = shop.run()
    monkeypatch.undo()
    # then
    assert (run["state"], run["rows"]) == ("cancelled", rows_of(read=1, applied=1))
    assert run["error"]["sentence"] == "Cancelled by a person; one file was merged before, nothing after."
    assert shop.count() == 1
    # and the next run takes up what was left
    assert shop.run()["rows"] == rows_of(read=1, applied=1)
    assert shop.count() == 2


@pytest.mark.fault(97)
@pytest.mark.promise("M24")
def test_a_run_that_stops_between_two_files_counts_neither_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the process ends after the first file was committed
    for number, name in enumerate(("a.csv", "b.csv")):
        os.utime(shop.write(name, HEADER + f"1,{name},1\n"), (1_000_000 + number, 1_000_000 + number))
    shop.apply()
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge

    def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
        if plan.file_name == "b.csv":
            raise KeyboardInterrupt
        return whole(cursor, plan)

    monkeypatch.setattr(merges, "merge", merge)
    with pytest.raises(KeyboardInterrupt):
        shop.run()
    monkeypatch.undo()
    [(run_id,)] = shop.sql("SELECT run_id FROM ctl.run")
    # when: the next process takes it up
    with shop.desk.database.write("ctl") as cursor:
        jobs.free_all(cursor)
    shop.work()
    # then
    run = verbs.do(shop.desk, CALLER, "run_state", {"run": run_id})
    assert (run["state"], run["attempt"]) == ("completed", 2)
    assert run["rows"] == rows_of(read=2, applied=2)
    assert run["profiles"] == {"created": 1, "updated": 0}
    assert shop.profile("1") == {"customer_id": "1", "name": "b.csv", "points": 2}


def test_a_run_that_goes_well_ends_a_pause_but_not_a_persons_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    [(connection_id,)] = shop.sql("SELECT connection_id FROM ctl.connection")
    # when
    shop.sql("UPDATE ctl.connection SET state = 'paused'")
    shop.run()
    after_a_pause = shop.sql("SELECT state FROM ctl.connection")
    # and when a person turns it off while a run of the paused connection goes
    shop.sql("UPDATE ctl.connection SET state = 'paused'")
    shop.write("a.csv", HEADER + "1,Ana,6\n")
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge

    def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
        connection_actions.set_on(shop.desk, CALLER, connection_id, is_on=False)
        return whole(cursor, plan)

    monkeypatch.setattr(merges, "merge", merge)
    run = shop.run()
    # then
    assert run["state"] == "completed"
    assert after_a_pause == [("on",)]
    assert shop.sql("SELECT state FROM ctl.connection") == [("off",)]


@pytest.mark.parametrize(("role", "may"), [(Role.MANAGER, False), (Role.SUPPORT, False), (Role.ANALYST, True)])
def test_who_may_start_a_run(shop: Shop, role: Role, *, may: bool) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    caller = Caller("Eva", role, "person")
    # when, then
    if may:
        assert verbs.do(shop.desk, caller, "run", {"name": NAME})["id"]
    else:
        with pytest.raises(NotAllowed, match="may not start runs"):
            verbs.do(shop.desk, caller, "run", {"name": NAME})
        assert shop.sql("SELECT count(*) FROM ctl.job") == [(0,)]
        assert shop.sql("SELECT did FROM ctl.audit WHERE who = 'Eva'") == [("was refused",)]


@pytest.mark.promise("M32")
@pytest.mark.fault(86)
def test_a_sum_that_outgrows_its_property_stops_its_file_alone(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + f"1,Ana,{2**63 - 1}\n1,Ana,1\n")
    shop.write("b.csv", HEADER + "2,Ben,7\n")
    shop.apply()
    # when
    run = shop.run()
    # then
    assert (run["state"], run["error"]["category"]) == ("failed", "format")
    assert "a.csv makes a sum larger than a property holds" in run["error"]["sentence"]
    assert run["rows"] == rows_of(read=1, applied=1)
    assert shop.sql("SELECT customer_id, points FROM dat.profile") == [("2", 7)]


@pytest.mark.promise("Z06")
@pytest.mark.promise("H02")
def test_a_row_read_and_not_accounted_for_fails_the_run_and_changes_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the reader counted one row more than it handed over
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge
    monkeypatch.setattr(merges, "merge", lambda cursor, plan: whole(cursor, replace(plan, records=2)))
    # when
    run = shop.run()
    # then
    assert (run["state"], run["error"]["category"]) == ("failed", "ledger")
    assert run["error"]["sentence"] == (
        "Off by 1 rows in a.csv: the run failed and changed nothing. Run it again; report the file if it stays so."
    )
    assert balanced(run)
    assert shop.count() == 0
    assert shop.sql("SELECT count(*) FROM dat.import_row") == [(0,)]
