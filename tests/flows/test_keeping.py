"""What came is kept for its time and no longer; uploads that were broken off are shown once and cleaned."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.base import clock, limits
from engine.flows import keeping
from engine.flows.desk import Desk
from storage.records.exchange import FileState
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service; the clock is the machine's again afterwards."""
    with open_home(tmp_path) as opened:
        yield opened
    clock.use_machine_time()


@pytest.fixture
def pushed(desk: Desk) -> Pushed:
    """A connection that partners push to."""
    return Pushed(desk)


def days_later(days: float) -> datetime:
    """Let this many days pass, and return the time."""
    at = clock.now() + timedelta(days=days)
    clock.set_source(lambda: at)
    return at


@pytest.mark.promise("T12")
@pytest.mark.promise("R07")
def test_content_is_kept_90_days_then_removed_and_the_counts_stay(pushed: Pushed) -> None:
    # given
    landed_id = pushed.land("a.csv", HEADER + "1,Ana,5\n2,Ben,many\n")
    pushed.run()
    before = pushed.file(landed_id)
    content = pushed.desk.spool.path(before.spool_key or "")
    answers = pushed.desk.spool.root / "answers" / landed_id
    # when: a day too early
    days_later(limits.KEPT_DAYS - 1)
    assert keeping.remove_old(pushed.desk) == 0
    kept = (content.is_file(), answers.is_dir(), len(list(answers.iterdir())))
    # and when the time has come
    days_later(2)
    assert keeping.remove_old(pushed.desk) == 1
    # then
    after = pushed.file(landed_id)
    assert kept == (True, True, 3)
    assert not content.exists()
    assert not answers.exists()
    assert list(content.parent.iterdir()) == []
    assert (after.spool_key, after.content_removed_at) == (None, clock.now())
    assert (after.state, after.rows_total, after.rows_ok, after.rows_errors) == (FileState.COMPLETE, 2, 1, 1)
    assert keeping.remove_old(pushed.desk) == 0


def test_a_file_that_still_waits_is_kept_however_old_it_is(pushed: Pushed) -> None:
    # given
    landed_id = pushed.land("a.csv", HEADER + "1,Ana,5\n")
    pushed.take_in()
    # when
    days_later(limits.KEPT_DAYS + 1)
    keeping.remove_old(pushed.desk)
    # then
    assert pushed.desk.spool.path(pushed.file(landed_id).spool_key or "").is_file()


def test_what_partners_may_fetch_and_parts_of_cut_fetches_go_in_their_time(pushed: Pushed) -> None:
    # given
    outgoing = pushed.desk.spool.outgoing(pushed.connection.connection_id)
    outgoing.mkdir(parents=True)
    (outgoing / "result_a.csv.json").write_text("{}")
    part = pushed.desk.spool.partial_folder(pushed.goal.goal_id) / "a.part"
    part.write_text("half")
    # when, then
    days_later(limits.UPLOAD_DAYS_MAX + 1)
    keeping.remove_old(pushed.desk)
    assert (part.exists(), (outgoing / "result_a.csv.json").exists()) == (False, True)
    days_later(limits.KEPT_DAYS)
    keeping.remove_old(pushed.desk)
    assert list(outgoing.iterdir()) == []


def test_kept_content_without_a_row_is_what_a_kill_left_and_goes(pushed: Pushed) -> None:
    # given
    source = pushed.desk.spool.work_folder("x") / "data"
    source.write_text("left")
    lost = pushed.desk.spool.path(pushed.desk.spool.keep("01LOST", source))
    # when, then: not at once, because its row may be on its way
    keeping.remove_old(pushed.desk)
    assert lost.exists()
    days_later(2)
    keeping.remove_old(pushed.desk)
    assert not lost.exists()


@pytest.mark.fault(30)
def test_an_upload_that_was_broken_off_is_shown_once_never_read_and_cleaned(pushed: Pushed) -> None:
    # given: 1,000 bytes of a table, without the end of the upload
    folder = pushed.desk.spool.incoming(pushed.connection.connection_id) / "sub"
    folder.mkdir(parents=True)
    half = folder / "a.csv"
    half.write_text((HEADER + "1,Ana,5\n" * 200)[:1000])
    # when: it may still go on
    early = keeping.look_for_broken_off(pushed.desk)
    # and when nothing came for a while
    days_later((limits.UPLOAD_GRACE_S + 1) / 86_400)
    found = [keeping.look_for_broken_off(pushed.desk) for _ in range(2)]
    # then
    assert (early, found) == (0, [1, 0])
    [file] = pushed.files()
    assert (file.name, file.folder, file.size_bytes) == ("a.csv", "/sub", 1000)
    assert file.state is FileState.INCOMPLETE
    assert "broken off after 1,000 bytes" in str(file.reason)
    assert half.exists()
    pushed.take_in()
    assert pushed.sql("SELECT count(*) FROM ctl.run") == [(0,)]
    # and when nobody goes on with it
    days_later(limits.UPLOAD_DAYS_MAX)
    keeping.look_for_broken_off(pushed.desk)
    assert not half.exists()
    assert pushed.file(file.file_id).state is FileState.INCOMPLETE


def test_an_upload_that_goes_on_is_not_broken_off_and_no_link_is_followed(pushed: Pushed, tmp_path: Path) -> None:
    # given: one that got a byte a minute ago, and links to what is not theirs
    incoming = pushed.desk.spool.incoming(pushed.connection.connection_id)
    incoming.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("x")
    (incoming / "folder").symlink_to(outside)
    (incoming / "file.csv").symlink_to(outside / "secret.csv")
    going = incoming / "going.csv"
    going.write_text("1")
    now = days_later(30)
    minute_ago = now.timestamp() - 60 - _utc_offset_s(now)
    os.utime(going, (minute_ago, minute_ago))
    # when
    keeping.look_for_broken_off(pushed.desk)
    # then
    assert pushed.files() == []
    assert going.exists()
    assert (outside / "secret.csv").exists()


def _utc_offset_s(moment: datetime) -> float:
    """Return by how much the machine's zone is ahead of UTC, in seconds."""
    return moment.timestamp() - (moment - datetime(1970, 1, 1)).total_seconds()
