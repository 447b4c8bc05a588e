"""Files at a partner's server: only whole ones are read, once, kept, and removed there where that is wished."""

import dataclasses
import json
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import Cancelled, TryAgain
from engine.flows import looks, sources, taking
from engine.transfer import client
from engine.transfer.transport import NotFetched
from engine.views import runs as run_views
from storage.records.connections import Details, Method
from storage.records.exchange import FileState, HandedFile
from storage.records.files import Look, RemoteFile
from storage.tables import exchange
from tests.fakes.pushed import answers_of
from tests.fakes.shop import CALLER, Shop

HEADER = "id,name,points\n"
NOW = datetime(2026, 11, 21, 12, 0, 0)


def look_like(size_bytes: int = 10, changed_s: float = 0.0, looked_s: float = 0.0) -> Look:
    """Return a look this many seconds ago, at a file of that age."""
    return Look(size_bytes, NOW - timedelta(seconds=changed_s), NOW - timedelta(seconds=looked_s))


def remote(size_bytes: int = 10, changed_s: float | None = 0.0) -> RemoteFile:
    """Return a file that changed this many seconds ago."""
    return RemoteFile("a.csv", size_bytes, None if changed_s is None else NOW - timedelta(seconds=changed_s))


@pytest.mark.parametrize(
    ("file", "earlier", "method", "is_settled"),
    [
        (remote(changed_s=121), None, Method.SFTP, True),
        (remote(changed_s=119), None, Method.SFTP, False),
        (remote(changed_s=-3600), None, Method.SFTP, False),
        (remote(changed_s=3600), None, Method.FTP, False),
        (remote(changed_s=28 * 3600), None, Method.FTP, True),
        (remote(changed_s=10), look_like(changed_s=10, looked_s=3), Method.SFTP, True),
        (remote(changed_s=10), look_like(changed_s=10, looked_s=2), Method.SFTP, False),
        (remote(changed_s=10), look_like(9, changed_s=10, looked_s=60), Method.SFTP, False),
        (remote(changed_s=10), look_like(changed_s=11, looked_s=60), Method.SFTP, False),
        (remote(changed_s=10), look_like(changed_s=10, looked_s=-60), Method.SFTP, False),
        (remote(changed_s=None), None, Method.SFTP, False),
        (remote(changed_s=None), Look(10, None, NOW - timedelta(seconds=3)), Method.SFTP, True),
        (remote(changed_s=0), None, Method.EMAIL, True),
    ],
)
def test_a_file_is_whole_by_its_age_or_by_two_looks_that_agree(
    file: RemoteFile, earlier: Look | None, method: Method, *, is_settled: bool
) -> None:
    # when
    judged = looks.judge([file], {"a.csv": earlier} if earlier else {}, method, NOW)
    # then
    assert (judged.settled == (file,), judged.growing == (file,)) == (is_settled, not is_settled)


@pytest.mark.parametrize("name", ["a.csv.part", "a.TMP", "a.csv.filepart", "a.partial", ".in.a.csv", ".in.a.csv."])
def test_names_of_what_is_being_written_are_known(name: str) -> None:
    assert looks.is_temporary(name)
    assert not looks.is_temporary(f"{name}.csv" if not name.startswith(".in.") else name[4:])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two looks be half a second apart."""
    monkeypatch.setattr(limits, "LOOK_APART_S", 0.5)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long runs wait for a second look, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(sources, "_wait", lambda _work, wait_s: found.append(wait_s))
    return found


def young(shop: Shop, name: str, text: str) -> Path:
    """Write a file on the server just now."""
    path = shop.write(name, text)
    os.utime(path)
    return path


def files(shop: Shop) -> list[HandedFile]:
    """Return all files, those first seen first."""
    with shop.desk.database.read() as cursor:
        rows = cursor.execute("SELECT file_id FROM ctl.file ORDER BY first_seen_at, file_id").fetchall()
        found = [exchange.by_id(cursor, file_id) for (file_id,) in rows]
    return [file for file in found if file is not None]


def fetch_summary(shop: Shop, run: dict[str, object], name: str = "Fetch") -> str:
    """Return what a stage of a run came to."""
    stages = run_views.page(shop.desk, CALLER, str(run["id"])).stages
    [said] = [stage.summary for stage in stages if stage.name == name]
    return said


def delete_after_pull(shop: Shop) -> None:
    """Let the connection remove what it took, and the server's user do so."""
    shop.server.folder.chmod(0o777)
    said = json.dumps(dataclasses.asdict(Details(delete_after_pull=True)))
    with shop.desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.connection SET details = ?", [said])


@pytest.mark.promise("T07")
@pytest.mark.usefixtures("quick")
def test_a_file_that_is_written_slowly_is_read_once_and_whole(shop: Shop) -> None:
    # given: a writer that adds a row ten times a second until it is told to stop
    path = young(shop, "a.csv", HEADER)
    rows, is_over = 0, threading.Event()

    def write() -> None:
        nonlocal rows
        while not is_over.wait(0.1):
            with path.open("a") as file:
                file.write(f"{rows},Ana,1\n")
            rows += 1

    writer = threading.Thread(target=write)
    writer.start()
    shop.apply()
    try:
        # when
        early = [shop.run() for _ in range(2)]
    finally:
        is_over.set()
        writer.join()
    late = shop.run()
    # then
    assert [run["state"] for run in early] == ["completed"] * 2
    assert [run["files"]["taken"] for run in early] == [0, 0]
    assert "a.csv may still be written" in fetch_summary(shop, early[1])
    assert (late["files"]["taken"], late["rows"]["applied"]) == (1, rows)
    assert [file.state for file in files(shop)] == [FileState.COMPLETE]


def test_one_wait_a_run_is_enough_for_all_that_is_young(shop: Shop, waits: list[float]) -> None:
    # given
    for name in ("a.csv", "b.csv"):
        young(shop, name, HEADER + f"{name},Ana,1\n")
    shop.apply()
    # when: nothing changes between the looks
    run = shop.run()
    # then
    assert (run["files"]["taken"], waits) == (2, [limits.LOOK_APART_S])


def test_a_look_of_an_earlier_run_is_the_first_of_two(
    shop: Shop, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a run that was cancelled between its looks, some seconds ago
    young(shop, "a.csv", HEADER + "1,Ana,1\n")
    shop.apply()

    def cancel(*_: object) -> None:
        raise Cancelled("Cancelled by a person; nothing was changed.")

    with monkeypatch.context() as patched:
        patched.setattr(sources, "_wait", cancel)
        assert shop.run()["state"] == "cancelled"
    with shop.desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.look SET looked_at = looked_at - INTERVAL 10 SECOND")
    # when
    run = shop.run()
    # then
    assert (run["files"]["taken"], waits) == (1, [])


def test_old_files_are_taken_at_the_first_look(shop: Shop, waits: list[float]) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    # when
    run = shop.run()
    # then
    assert (run["files"]["taken"], waits) == (1, [])


def test_temporary_names_are_never_read_whatever_the_pattern(shop: Shop) -> None:
    # given
    for name in ("a.csv.part", ".in.b.csv", "c.tmp", "d.csv.filepart", "whole.csv"):
        shop.write(name, HEADER + f"{name},Ana,1\n")
    shop.apply(files="*")
    # when
    run = shop.run()
    # then
    assert run["files"]["taken"] == 1
    assert [file.name for file in files(shop)] == ["whole.csv"]


@pytest.mark.promise("P13")
def test_names_that_do_not_match_are_seen_once_with_their_reason_as_far_as_there_is_room(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "NOT_MATCHED_NAMES_KEPT_MAX", 3)
    for number in range(5):
        shop.write(f"{number}.txt", "x")
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.write("result_a.csv", "ours")
    (shop.server.folder / "sub").mkdir(mode=0o755)
    shop.apply()
    # when
    runs = [shop.run() for _ in range(2)]
    # then
    seen = [file for file in files(shop) if file.state is FileState.NOT_MATCHED]
    found = sorted((file.name, file.reason or "") for file in seen)
    assert found == [(f"{number}.txt", "does not match") for number in range(3)]
    assert "5 other names seen, not matched (2 of them not listed)" in fetch_summary(shop, runs[1])


@pytest.mark.promise("T09")
@pytest.mark.promise("T12")
def test_a_file_is_kept_and_told_once_however_often_it_lies_there(shop: Shop) -> None:
    # given
    content = HEADER + "1,Ana,5\n"
    shop.write("a.csv", content)
    shop.apply()
    # when
    for _ in range(3):
        shop.run()
    # then
    [file] = files(shop)
    assert file.state is FileState.COMPLETE
    assert shop.desk.spool.path(file.spool_key or "").read_text() == content
    assert set(answers_of(shop.desk, file.file_id)) == {"receipt", "result"}
    assert shop.sql("SELECT count(*) FROM ctl.answer") == [(2,)]


def test_a_bad_file_that_lies_there_unchanged_fails_each_run_and_is_told_once(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER)
    shop.apply()
    # when
    runs = [shop.run() for _ in range(3)]
    made = shop.sql("SELECT answer_id FROM ctl.answer WHERE kind = 'result'")
    again = shop.run()
    # then
    assert [run["state"] for run in [*runs, again]] == ["failed"] * 4
    [file] = files(shop)
    assert (file.state, file.run_id) == (FileState.FAILED, again["id"])
    assert shop.sql("SELECT answer_id FROM ctl.answer WHERE kind = 'result'") == made


@pytest.mark.promise("W30")
def test_a_file_is_removed_at_the_server_only_after_its_import_is_committed(shop: Shop) -> None:
    # given
    good = shop.write("good.csv", HEADER + "1,Ana,5\n")
    bad = shop.write("bad.csv", HEADER)
    other = shop.write("other.txt", "x")
    shop.apply()
    shop.run()
    assert good.exists()
    # when: it is unchanged now
    delete_after_pull(shop)
    run = shop.run()
    # then
    assert [path.exists() for path in (good, bad, other)] == [False, True, True]
    assert "good.csv removed" in fetch_summary(shop, run, "Remove")
    # and a new one goes in the run that imports it
    fresh = shop.write("fresh.csv", HEADER + "2,Ben,5\n")
    bad.unlink()
    assert shop.run()["files"]["taken"] == 1
    assert not fresh.exists()
    assert shop.count() == 2


@pytest.mark.promise("W30")
def test_a_file_that_changed_after_it_was_fetched_is_not_removed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the partner writes the next version while the first is imported
    path = shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    delete_after_pull(shop)
    fetch = client.fetch_files

    def fetch_and_change(*arguments: object) -> tuple[object, ...]:
        fetched: tuple[object, ...] = fetch(*arguments)  # type: ignore[arg-type]
        shop.write("a.csv", HEADER + "1,Ana,5\n1,Ana,2\n")
        return fetched

    with monkeypatch.context() as patched:
        patched.setattr(client, "fetch_files", fetch_and_change)
        # when
        first = shop.run()
    # then
    assert path.exists()
    assert "1 changed or gone meanwhile" in fetch_summary(shop, first, "Remove")
    # and the next run takes the version that came
    second = shop.run()
    assert (first["rows"]["applied"], second["rows"]["applied"], second["rows"]["unchanged"]) == (1, 1, 1)
    assert not path.exists()


def test_a_file_that_cannot_be_removed_is_said_and_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    path = shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    delete_after_pull(shop)

    def refuse(*_: object) -> tuple[str, ...]:
        raise TryAgain("The server hung up.")

    with monkeypatch.context() as patched:
        patched.setattr(client, "remove_files", refuse)
        # when
        first = shop.run()
    second = shop.run()
    # then
    assert (first["state"], second["state"]) == ("completed", "completed")
    assert "the next run tries again: The server hung up." in fetch_summary(shop, first, "Remove")
    assert not path.exists()


def test_a_file_that_passes_by_while_others_are_fetched_does_not_fail_the_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.write("b.csv", HEADER + "2,Ben,5\n")
    shop.apply()
    fetch: Callable[..., Sequence[object]] = client.fetch_files

    def fetch_one(*arguments: object) -> tuple[object, ...]:
        whole = fetch(*arguments)
        return (whole[0], NotFetched("b.csv", TryAgain("b.csv changed while it was fetched.")))

    with monkeypatch.context() as patched:
        patched.setattr(client, "fetch_files", fetch_one)
        # when
        run = shop.run()
    # then
    assert (run["state"], run["files"]["taken"]) == ("completed", 1)
    assert "b.csv changed while it was fetched" in fetch_summary(shop, run)
    assert shop.run()["files"] == {"taken": 1, "unchanged": 1}


def test_a_file_that_was_kept_before_a_cancel_is_taken_by_the_next_run_even_if_it_is_gone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    path = shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()

    def cancel(*_: object) -> None:
        raise Cancelled("Cancelled by a person; nothing was changed.")

    with monkeypatch.context() as patched:
        patched.setattr(taking, "_import", cancel)
        assert shop.run()["state"] == "cancelled"
    [kept] = files(shop)
    path.unlink()
    # when
    run = shop.run()
    # then
    assert kept.state is FileState.QUEUED
    assert (run["files"]["taken"], shop.count()) == (1, 1)
    assert [file.state for file in files(shop)] == [FileState.COMPLETE]
