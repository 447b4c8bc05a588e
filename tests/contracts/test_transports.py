"""What every Transport promises, tried against servers written by others."""

import hashlib
import os
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import Category, GiveUp, HandoffError, TryAgain
from engine.transfer.transport import Fetched, NotFetched
from tests.contracts.stands import Can, Stand, that

_FILE_BYTES = 2_000_000
_CONTENT = random.Random(7).randbytes(_FILE_BYTES)


def _ignore(done: int, total: int) -> None:
    del done, total


def _at_first(act: Callable[[], object]) -> Callable[[int, int], None]:
    """Return an on_bytes that acts once, when the first bytes are here."""
    waiting = [act]

    def on_bytes(done: int, total: int) -> None:
        del done, total
        if waiting:
            waiting.pop()()

    return on_bytes


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _failure(fetch: Callable[[], tuple[Fetched | NotFetched, ...]]) -> HandoffError:
    """Return why the one file of a fetch did not come, said of the file or of the whole."""
    try:
        [outcome] = fetch()
    except HandoffError as error:
        return error
    assert isinstance(outcome, NotFetched), outcome
    return outcome.error


def _whole(fetched: tuple[Fetched | NotFetched, ...]) -> list[Fetched]:
    assert all(isinstance(file, Fetched) for file in fetched), fetched
    return [file for file in fetched if isinstance(file, Fetched)]


@that(Can.LIST | Can.KINDS | Can.TIMES)
@pytest.mark.fault(68)
def test_listing_names_files_with_size_and_time_and_all_others_with_a_reason(stand: Stand) -> None:
    # given
    stand.put("a.csv", b"id\n1\n", changed_s=1_700_000_000)
    (stand.folder / "sub").mkdir()
    (stand.folder / "link.csv").symlink_to("a.csv")
    (stand.folder / "loop").symlink_to(".")
    os.mkfifo(stand.folder / "pipe")
    (stand.folder / "new\nline.csv").touch()
    Path(os.fsdecode(os.fsencode(stand.folder) + b"/\xe9.csv")).touch()
    # when
    listing = stand.transport().list_folder(stand.absolute_folder)
    # then
    [file] = listing.files
    assert (file.name, file.size_bytes, file.changed_at) == ("a.csv", 5, datetime(2023, 11, 14, 22, 13, 20))
    assert dict(listing.not_taken) == {
        "sub": "a folder",
        "link.csv": "a link, not a file",
        "loop": "a link, not a file",
        "pipe": "a device, pipe or socket",
        "new\\nline.csv": "name holds a control character",
        "\\xe9.csv": "name is not UTF-8",
    }


@that(Can.FETCH)
def test_fetched_files_are_whole_and_hashed(stand: Stand, target: Path, partial: Path) -> None:
    # given
    small = stand.put("small ü.csv", b"one row\n")
    large = stand.put("large.csv", _CONTENT)
    reports: list[tuple[int, int]] = []
    # when
    fetched = stand.transport().fetch(
        stand.absolute_folder, [large, small], target, partial, lambda done, total: reports.append((done, total))
    )
    # then
    first, second = _whole(fetched)
    assert [(file.name, file.file_name) for file in (first, second)] == [(large, "0.data"), (small, "1.data")]
    for file, content in ((first, _CONTENT), (second, b"one row\n")):
        there = stand.read(file.name) or b""
        assert stand.holds(file.name, content)
        assert (target / file.file_name).read_bytes() == there
        assert (file.size_bytes, file.sha256) == (len(there), _sha256(there))
    assert sorted(path.name for path in target.iterdir()) == ["0.data", "1.data"]
    assert list(partial.iterdir()) == []
    assert reports[-1] == (first.size_bytes + second.size_bytes,) * 2


@that(Can.FETCH)
def test_an_empty_file_is_a_file(stand: Stand, target: Path, partial: Path) -> None:
    name = stand.put("empty.csv", b"")
    [file] = _whole(stand.transport().fetch(stand.absolute_folder, [name], target, partial, _ignore))
    assert (target / file.file_name).stat().st_size == file.size_bytes == len(stand.read(name) or b"")


@that(Can.FETCH)
def test_sample_holds_the_first_bytes_alone(stand: Stand, target: Path) -> None:
    name = stand.put("large.csv", _CONTENT)
    sample = stand.transport().sample(stand.absolute_folder, name, target)
    there = stand.read(name) or b""
    assert sample.size_bytes == len(there)
    assert (target / "0.data").read_bytes() == there[: limits.SNIFF_BYTES]
    assert [path.name for path in target.iterdir()] == ["0.data"]


@that(Can.FETCH)
def test_a_file_that_went_away_is_named_and_does_not_stop_the_others(stand: Stand, target: Path, partial: Path) -> None:
    # given
    gone, there = stand.put("gone.csv", b"x"), stand.put("there.csv", b"one row\n")
    assert stand.transport().remove(stand.absolute_folder, [gone]) == (gone,)
    # when
    missing, whole = stand.transport().fetch(stand.absolute_folder, [gone, there], target, partial, _ignore)
    # then
    assert isinstance(missing, NotFetched)
    assert gone in str(missing.error)
    assert isinstance(missing.error, TryAgain)
    assert missing.error.category is Category.FOLDER
    assert isinstance(whole, Fetched)
    assert [path.name for path in target.iterdir()] == ["1.data"]


@that(Can.FETCH | Can.CUT_FETCH)
@pytest.mark.promise("T11")
@pytest.mark.fault(64)
@pytest.mark.parametrize("cut_after_bytes", [_FILE_BYTES // 2, 700_000])
def test_a_connection_that_is_cut_is_opened_again_and_the_fetch_goes_on(
    stand: Stand, target: Path, partial: Path, cut_after_bytes: int
) -> None:
    # given
    name = stand.put("large.csv", _CONTENT)
    with stand.behind(cut_after_bytes=cut_after_bytes, cuts=1) as (transport, proxy):
        # when
        [file] = _whole(transport.fetch(stand.absolute_folder, [name], target, partial, _ignore))
        # then
        assert proxy.cuts == 0
        assert proxy.passed_bytes < len(stand.read(name) or b"") + _FILE_BYTES // 2  # not all of it twice
    assert (target / file.file_name).read_bytes() == stand.read(name)
    assert file.sha256 == _sha256(stand.read(name) or b"")
    assert list(partial.iterdir()) == []


@that(Can.FETCH | Can.CUT_FETCH)
@pytest.mark.fault(64)
def test_a_later_call_goes_on_where_the_tries_ended(stand: Stand, target: Path, partial: Path) -> None:
    # given a connection that is cut time and again, and that lets 1.5 MB through each time
    content = random.Random(8).randbytes(12_000_000)
    name = stand.put("large.csv", content)
    with stand.behind(cut_after_bytes=1_500_000) as (transport, proxy):
        # when
        error = _failure(lambda: transport.fetch(stand.absolute_folder, [name], target, partial, _ignore))
        # then
        assert isinstance(error, TryAgain)
        assert error.category is Category.NETWORK
        assert list(target.iterdir()) == []
        proxy.cut_after_bytes = None
        before_bytes = proxy.passed_bytes
        [file] = _whole(transport.fetch(stand.absolute_folder, [name], target, partial, _ignore))
        # What was under way at each cut is lost, more of it on a busy machine; but several tries left their part.
        assert proxy.passed_bytes - before_bytes < len(stand.read(name) or b"") - 1_500_000
    assert file.sha256 == _sha256(stand.read(name) or b"")


@that(Can.FETCH | Can.CUT_FETCH | Can.CHANGE | Can.TIMES)
@pytest.mark.fault(65)
@pytest.mark.parametrize("is_longer", [False, True])
def test_a_file_that_changed_since_it_was_cut_begins_anew(
    stand: Stand,
    target: Path,
    partial: Path,
    is_longer: bool,  # noqa: FBT001 - a case
) -> None:
    # given
    stand.put("large.csv", _CONTENT, changed_s=1_700_000_000)
    with stand.behind(cut_after_bytes=1_400_000) as (transport, proxy):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "RECONNECT_WAITS_S", ())
            _failure(lambda: transport.fetch(stand.absolute_folder, ["large.csv"], target, partial, _ignore))
        assert [path.stat().st_size >= 1_000_000 for path in partial.iterdir()] == [True]
        # when
        other = random.Random(9).randbytes(_FILE_BYTES + is_longer)
        stand.put("large.csv", other, changed_s=1_700_000_000 + (not is_longer))
        proxy.cut_after_bytes = None
        [file] = _whole(transport.fetch(stand.absolute_folder, ["large.csv"], target, partial, _ignore))
    # then
    assert file.sha256 == _sha256(other)
    assert (target / "0.data").read_bytes() == other
    assert list(partial.iterdir()) == []


@that(Can.FETCH | Can.CUT_FETCH)
@pytest.mark.fault(63)
def test_a_server_that_falls_silent_in_mid_file_is_left_in_time(
    stand: Stand, target: Path, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSFER_SILENCE_S_MAX", 0.5)
    name = stand.put("large.csv", _CONTENT)
    with stand.behind(silent_after_bytes=_FILE_BYTES // 2) as (transport, _):
        error = _failure(lambda: transport.fetch(stand.absolute_folder, [name], target, partial, _ignore))
    assert isinstance(error, TryAgain)
    assert error.category is Category.TIMEOUT
    assert name in str(error)
    assert list(target.iterdir()) == []


@that(Can.FETCH | Can.CUT_FETCH)
def test_a_slow_line_brings_all_of_it(stand: Stand, target: Path, partial: Path) -> None:
    name = stand.put("large.csv", _CONTENT)
    with stand.behind(bytes_per_s=4_000_000) as (transport, _):
        [file] = _whole(transport.fetch(stand.absolute_folder, [name], target, partial, _ignore))
    assert file.sha256 == _sha256(stand.read(name) or b"")


@that(Can.FETCH | Can.CHANGE)
@pytest.mark.fault(69)
def test_a_growing_file_is_left_for_the_next_run(stand: Stand, target: Path, partial: Path) -> None:
    stand.put("large.csv", _CONTENT)

    def grow() -> None:
        with (stand.folder / "large.csv").open("ab") as file:
            file.write(b"one more row\n")

    def fetch(act: Callable[[int, int], None]) -> tuple[Fetched | NotFetched, ...]:
        return stand.transport().fetch(stand.absolute_folder, ["large.csv"], target, partial, act)

    error = _failure(lambda: fetch(_at_first(grow)))
    assert "still being written" in str(error)
    assert isinstance(error, TryAgain)
    assert list(target.iterdir()) == list(partial.iterdir()) == []
    [settled] = _whole(fetch(_ignore))
    assert settled.size_bytes == _FILE_BYTES + len(b"one more row\n")


@that(Can.FETCH | Can.CHANGE | Can.TIMES)
def test_a_file_rewritten_at_equal_size_while_it_is_fetched_is_not_taken(
    stand: Stand, target: Path, partial: Path
) -> None:
    stand.put("large.csv", _CONTENT)

    def rewrite() -> None:
        with (stand.folder / "large.csv").open("r+b") as file:
            file.write(bytes(_FILE_BYTES))
        os.utime(stand.folder / "large.csv", (1_700_000_000, 1_700_000_000))

    error = _failure(
        lambda: stand.transport().fetch(stand.absolute_folder, ["large.csv"], target, partial, _at_first(rewrite))
    )
    assert "still being written" in str(error)
    assert list(target.iterdir()) == list(partial.iterdir()) == []


@that(Can.FETCH | Can.CHANGE | Can.CUT_FETCH)
def test_a_file_that_shrinks_is_never_taken_short(stand: Stand, target: Path, partial: Path) -> None:
    # given a slow line, so that most of the file is not yet on its way
    stand.put("large.csv", bytes(24_000_000))

    def shrink() -> None:
        os.truncate(stand.folder / "large.csv", 1_000)

    with stand.behind(bytes_per_s=40_000_000) as (transport, _):
        error = _failure(
            lambda: transport.fetch(stand.absolute_folder, ["large.csv"], target, partial, _at_first(shrink))
        )
    assert isinstance(error, TryAgain)
    assert "ended after" in str(error) or "still being written" in str(error)
    assert list(target.iterdir()) == []


@that(Can.FETCH | Can.KINDS)
@pytest.mark.fault(68)
def test_a_link_in_place_of_a_file_is_not_followed(stand: Stand, target: Path, partial: Path) -> None:
    (stand.folder / "hosts.csv").symlink_to("/etc/hosts")
    error = _failure(lambda: stand.transport().fetch(stand.absolute_folder, ["hosts.csv"], target, partial, _ignore))
    assert isinstance(error, GiveUp)
    assert "hosts.csv is no regular file" in str(error)


@that(Can.LIST)
@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_many_names_are_all_listed(stand: Stand, count: int) -> None:
    put = [stand.put(f"file_{number:05}.csv", b"") for number in range(count)]
    listing = stand.transport().list_folder(stand.absolute_folder)
    assert sorted(file.name for file in listing.files) == sorted(put)
    assert listing.not_taken == ()


@that(Can.LIST)
@pytest.mark.fault(68)
def test_a_listing_stops_at_its_limit_and_says_so(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTED_FILES_MAX", 3)
    for number in range(4):
        stand.put(str(number), b"x")
    with pytest.raises(GiveUp, match="holds more than 3 ") as caught:
        stand.transport().list_folder(stand.absolute_folder)
    assert caught.value.category is Category.FOLDER


@that(Can.FETCH)
def test_many_small_files_come_in_their_order(stand: Stand, target: Path, partial: Path) -> None:
    names = [stand.put(f"{number}.csv", str(number).encode() * 100) for number in range(60)]
    fetched = _whole(stand.transport().fetch(stand.absolute_folder, names, target, partial, _ignore))
    assert [file.name for file in fetched] == names
    assert [(target / file.file_name).read_bytes() for file in fetched] == [stand.read(name) for name in names]


@that(Can.LIST | Can.REMOVE)
def test_removed_files_are_gone_and_one_that_was_gone_counts(stand: Stand) -> None:
    # given
    names = [stand.put(f"{number}.csv", b"x") for number in range(3)]
    transport = stand.transport()
    # when, then
    assert transport.remove(stand.absolute_folder, names[:1]) == (names[0],)
    assert transport.remove(stand.absolute_folder, names[:2]) == tuple(names[:2])
    assert [file.name for file in transport.list_folder(stand.absolute_folder).files] == names[2:]
    assert transport.remove(stand.absolute_folder, []) == ()
