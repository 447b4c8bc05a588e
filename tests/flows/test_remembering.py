"""What a large import leaves for after its run is done then, and in time for whatever needs it sooner."""

import shutil
from datetime import timedelta
from typing import Any

import pytest

from engine.actions import runs as actions
from engine.base import clock
from engine.base.errors import GiveUp
from engine.flows import keeping, queue, remembering
from engine.flows.watch import Watch
from engine.views import lineage
from engine.views import runs as views
from storage.database import StorageFull
from storage.tables import before_images, changes
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
    assert (owed(shop), len(kept(shop)), len(waiting(shop))) == ([("a.csv",)], 1, 1)
    return path


def waiting(shop: Shop) -> list[changes.Change]:
    """Return the changes whose before-images are still to be written."""
    with shop.desk.database.read() as cursor:
        return before_images.uncompared(cursor)


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
    assert (owed(shop), kept(shop), waiting(shop)) == ([], [], [])
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
    later_sweep(shop, 2)
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
    assert (owed(shop), len(kept(shop)), len(waiting(shop))) == ([("a.csv",)], 1, 1)


@pytest.mark.promise("Z17")
def test_a_run_is_reverted_before_its_rows_are_remembered(shop: Shop, file: Any) -> None:
    # given
    [(run_id,)] = shop.sql("SELECT run_id FROM ctl.run")
    # when
    actions.revert(shop.desk, CALLER, run_id)
    shop.work()
    # then
    assert (shop.count(), owed(shop), kept(shop), waiting(shop)) == (0, [], [], [])
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


@pytest.mark.promise("Z17")
def test_what_a_run_replaced_is_told_alike_before_and_after_it_is_compared(shop: Shop, file: Any) -> None:
    # given: of two runs that set the same values, the second one's are not compared yet
    file.write_text(HEADER + "1,Anna,0\n2,Benno,0\n")
    age(file)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queue, "add_remember", lambda *_: None)
        shop.run()
    (first,), (second,) = shop.sql("SELECT run_id FROM ctl.run ORDER BY number")
    [(profile_id,)] = shop.sql("SELECT profile_id FROM dat.profile WHERE name = 'Anna'")
    # when
    told = lineage.of_profile(shop.desk, CALLER, profile_id)
    hindrances = views.hindrances(shop.desk, CALLER, first)
    # then
    assert [change.run_id for change in waiting(shop)] == [second]
    assert [(item.run_id, item.line) for item in told["name"]] == [(second, 2), (first, 2)]
    assert any("run 2" in item.sentence for item in hindrances)
    # and when it is compared, it is the same
    shop.run()
    assert waiting(shop) == []
    assert lineage.of_profile(shop.desk, CALLER, profile_id) == told
    assert views.hindrances(shop.desk, CALLER, first) == hindrances


@pytest.mark.promise("Z17")
def test_what_was_replaced_is_compared_before_another_file_is_merged(shop: Shop, file: Any) -> None:
    # given: a smaller file changes values that the large one set
    del file
    shop.write("b.csv", HEADER + "1,Anna,1\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.base.limits.REMEMBERED_LATER_ROWS_MIN", 100)
        patched.setattr(queue, "add_remember", lambda *_: None)
        shop.run()
    assert waiting(shop) == []
    (large,), (small,) = shop.sql("SELECT run_id FROM ctl.run ORDER BY number")
    # when
    actions.revert(shop.desk, CALLER, small)
    shop.work()
    # then
    assert {name: shop.profile("1")[name] for name in ("name", "points")} == {"name": "Ana", "points": 5}
    actions.revert(shop.desk, CALLER, large)
    shop.work()
    assert shop.count() == 0


def test_of_several_large_files_of_a_run_the_last_one_alone_waits_to_be_compared(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr("engine.base.limits.REMEMBERED_LATER_ROWS_MIN", 1)
    monkeypatch.setattr(queue, "add_remember", lambda *_: None)
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.write("b.csv", HEADER + "1,Anna,5\n")
    shop.apply()
    # when
    shop.run()
    # then
    assert [change.file_name for change in waiting(shop)] == ["b.csv"]


def later_sweep(shop: Shop, days: int) -> None:
    """Remove what is old, so many days from now."""
    later = clock.now() + timedelta(days=days)
    try:
        clock.set_source(lambda: later)
        keeping.remove_old(shop.desk)
    finally:
        clock.use_machine_time()


@pytest.mark.promise("Z17")
def test_what_waits_to_be_compared_outlives_the_90_days_of_other_content(shop: Shop, file: Any) -> None:
    # given: its rows are remembered already
    del file
    shop.sql("DELETE FROM dat.to_remember")
    # when
    later_sweep(shop, 91)
    remembering.remember(shop.desk, {}, Watch(shop.desk, "none"))
    # then
    assert waiting(shop) == []
    assert len(list((shop.desk.spool.root / "changes").rglob("*.parquet"))) == 1
    # and once it is compared, it goes like the others
    later_sweep(shop, 91)
    assert list((shop.desk.spool.root / "changes").rglob("*.parquet")) == []


def test_a_spool_that_was_restored_without_its_empty_folders_holds_up_no_import(shop: Shop, file: Any) -> None:
    # given
    del file
    for folder in (shop.desk.spool.root / "changes").iterdir():
        shutil.rmtree(folder)
    # when: another file comes
    shop.write("b.csv", HEADER + "1,Anna,1\n")
    run = shop.run()
    # then
    assert (run["state"], waiting(shop)) == ("completed", [])
    assert shop.profile("1")["name"] == "Anna"


@pytest.mark.fault(130)
def test_a_comparison_that_found_no_room_lets_rows_be_remembered_and_is_tried_again(
    shop: Shop, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    del file

    def full(*_: Any) -> None:
        raise StorageFull("The disk of the database is full; nothing was changed. Free some space and try again.")

    with monkeypatch.context() as patched:
        patched.setattr(before_images, "compare", full)
        with pytest.raises(StorageFull):
            remembering.remember(shop.desk, {}, Watch(shop.desk, "none"))
    assert (owed(shop), len(waiting(shop))) == ([], 1)
    # when: keeping sweeps
    with shop.desk.database.write("ctl") as cursor:
        remembering.queue_what_is_left(shop.desk, cursor, "keeping")
    shop.work()
    # then
    assert waiting(shop) == []
    with shop.desk.database.write("ctl") as cursor:
        remembering.queue_what_is_left(shop.desk, cursor, "keeping")
    assert shop.sql("SELECT count(*) FROM ctl.job WHERE kind = 'remember_rows' AND state = 'queued'") == [(0,)]


@pytest.mark.promise("Z17")
def test_a_profile_is_read_while_the_job_compares(shop: Shop, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the job ends between a reader's first look and its second
    del file
    [(profile_id,)] = shop.sql("SELECT profile_id FROM dat.profile WHERE name = 'Ana'")
    looked = before_images.images

    def look(cursor: Any, kept: Any) -> Any:
        found = looked(cursor, kept)
        remembering.remember(shop.desk, {}, Watch(shop.desk, "none"))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(before_images, "images", look)
        # when
        told = lineage.of_profile(shop.desk, CALLER, profile_id)
    # then
    assert waiting(shop) == []
    assert told == lineage.of_profile(shop.desk, CALLER, profile_id)
    assert set(told) == {"customer_id", "name", "points"}
