"""Rows of large files are remembered after their run, and in time for whatever needs them."""

from datetime import timedelta
from typing import Any

import pytest

from engine.actions import runs as actions
from engine.base import clock
from engine.base.errors import GiveUp
from engine.flows import keeping, queue, remembering
from engine.flows.watch import Watch
from tests.fakes.shop import CALLER, Shop, age
from tests.flows.test_dry_run import dry_run

HEADER = "id,name,points\n"


@pytest.fixture
def file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file that counts as large, imported by a service that was killed before it remembered the rows."""
    monkeypatch.setattr("engine.base.limits.REMEMBERED_LATER_ROWS_MIN", 1)
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n2,Ben,1\n")
    shop.apply()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue, "add_remember", lambda *_: None)
        shop.run()
    assert (owed(shop), len(kept(shop))) == ([("a.csv",)], 1)
    return path


def owed(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.sql("SELECT file_name FROM dat.to_remember")


def kept(shop: Shop) -> list[str]:
    return [path.name for path in (shop.desk.spool.root / "changes").rglob("*.accepted.parquet")]


def changed(path: Any) -> None:
    path.write_text(HEADER + "1,Ana,5\n2,Ben,1\n2,Ben,1\n3,Cleo,7\n")
    age(path)


@pytest.mark.promise("Z06")
def test_the_rows_of_a_large_file_are_remembered_after_its_run(shop: Shop, file: Any) -> None:
    # when a later run ends
    shop.run()
    # then
    assert (owed(shop), kept(shop)) == ([], [])
    assert shop.sql("SELECT copies FROM dat.import_row ORDER BY 1") == [(1,), (2,)]
    changed(file)
    run = shop.run()
    assert (run["rows"]["applied"], run["rows"]["unchanged"]) == (1, 3)
    assert [shop.profile(number)["points"] for number in ("1", "2", "3")] == [5, 2, 7]


@pytest.mark.promise("Z06")
def test_the_next_import_of_the_file_does_not_wait_for_it(shop: Shop, file: Any) -> None:
    # given
    changed(file)
    # when
    run = shop.run()
    # then
    assert (run["rows"]["applied"], run["rows"]["unchanged"]) == (1, 3)
    assert [shop.profile(number)["points"] for number in ("1", "2", "3")] == [5, 2, 7]
    assert owed(shop) == []
    assert kept(shop) == []


def test_rows_that_a_kill_left_after_they_were_remembered_go_when_old_files_go(shop: Shop, file: Any) -> None:
    # given
    del file
    shop.sql("DELETE FROM dat.to_remember")
    assert len(kept(shop)) == 1
    # when
    later = clock.now() + timedelta(days=2)
    try:
        clock.set_source(lambda: later)
        keeping.remove_old(shop.desk)
    finally:
        clock.use_machine_time()
    # then
    assert kept(shop) == []


@pytest.mark.promise("Z08")
def test_a_dry_run_sees_the_rows_and_leaves_them_as_they_are(shop: Shop, file: Any) -> None:
    # given
    changed(file)
    # when
    said = dry_run(shop)
    # then
    assert (said["counts"]["rows"]["applied"], said["counts"]["rows"]["unchanged"]) == (1, 3)
    assert (owed(shop), len(kept(shop))) == ([("a.csv",)], 1)


@pytest.mark.promise("Z17")
def test_a_run_is_reverted_before_its_rows_are_remembered(shop: Shop, file: Any) -> None:
    # given
    [(run_id,)] = shop.sql("SELECT run_id FROM ctl.run")
    # when
    actions.revert(shop.desk, CALLER, run_id)
    shop.work()
    # then
    assert (shop.count(), owed(shop), kept(shop)) == (0, [], [])
    assert shop.sql("SELECT * FROM dat.import_row") == []
    changed(file)
    assert shop.run()["rows"]["applied"] == 4


def test_rows_that_were_left_out_are_told_apart_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr("engine.base.limits.REMEMBERED_LATER_ROWS_MIN", 1)
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,x\n")
    shop.apply()
    # when
    shop.run()
    # then
    assert owed(shop) == []
    assert shop.sql("SELECT copies FROM dat.import_row") == [(1,)]
    path.write_text(HEADER + "1,Ana,5\n2,Ben,2\n")
    age(path)
    assert shop.run()["rows"]["applied"] == 1


def test_rows_that_are_lost_stop_the_import_with_a_sentence_and_the_others_are_remembered(
    shop: Shop, file: Any
) -> None:
    # given
    for path in (shop.desk.spool.root / "changes").rglob("*.accepted.parquet"):
        path.unlink()
    shop.write("b.csv", HEADER + "4,Dan,1\n")
    shop.run()
    # when
    with pytest.raises(GiveUp, match=r"last import of a\.csv are not in the spool any more"):
        remembering.remember(shop.desk, {}, Watch(shop.desk, "none"))
    # then
    assert (owed(shop), kept(shop)) == ([("a.csv",)], [])
    assert shop.sql("SELECT DISTINCT file_name FROM dat.import_row") == [("b.csv",)]
    changed(file)
    run = shop.run()
    assert (run["state"], shop.count()) == ("failed", 3)


def test_it_is_queued_once_however_many_runs_wait_for_it(shop: Shop, file: Any) -> None:
    del file
    with shop.desk.database.write("ctl") as cursor:
        for _ in range(2):
            queue.add_remember(cursor, "test")
    assert shop.sql("SELECT count(*) FROM ctl.job WHERE kind = 'remember_rows' AND state = 'queued'") == [(1,)]
