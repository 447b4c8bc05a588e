"""What every Transport promises of what it delivers, tried against servers written by others."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, TryAgain
from engine.transfer.transport import Delivered, Letter, Outgoing, Transport
from tests.contracts.stands import Can, Stand, that

_FILE_BYTES = 2_000_000
_OLD, _NEW = b"old\n" * 500_000, b"new\n" * 500_000


def _ignore(done: int, total: int) -> None:
    del done, total


@pytest.fixture
def outgoing(tmp_path: Path) -> Callable[[str, bytes], Outgoing]:
    """Give a function that makes a file to deliver."""

    def made(name: str, content: bytes) -> Outgoing:
        path = tmp_path / f"{random.Random(name).getrandbits(64):x}.data"
        path.write_bytes(content)
        return Outgoing(name, path)

    return made


Make = Callable[[str, bytes], Outgoing]


def _deliver(stand: Stand, transport: Transport, *files: Outgoing) -> tuple[Delivered, ...]:
    return transport.deliver(stand.absolute_folder, files, Letter(), _ignore)


@that(Can.DELIVER)
def test_delivered_files_are_there_whole_and_nothing_else_is(stand: Stand, outgoing: Make) -> None:
    # given
    large, empty = outgoing("large ü.csv", random.Random(1).randbytes(_FILE_BYTES)), outgoing("empty.csv", b"")
    reports: list[tuple[int, int]] = []
    # when
    delivered = stand.transport().deliver(
        stand.absolute_folder, [large, empty], Letter(), lambda done, total: reports.append((done, total))
    )
    # then
    assert [(file.name, file.size_bytes) for file in delivered] == [("large ü.csv", _FILE_BYTES), ("empty.csv", 0)]
    assert stand.read("large ü.csv") == large.path.read_bytes()
    assert stand.read("empty.csv") == b""
    assert stand.names() == ["empty.csv", "large ü.csv"]
    assert reports[-1] == (_FILE_BYTES, _FILE_BYTES)


@that(Can.DELIVER)
@pytest.mark.promise("T08")
def test_a_reader_sees_the_old_file_or_the_whole_new_one(stand: Stand, outgoing: Make) -> None:
    # given
    stand.put("a.csv", _OLD)
    (stand.folder / "a.csv").chmod(0o666)
    seen: set[bytes | None] = set()
    is_over = threading.Event()

    def poll() -> None:
        while not is_over.is_set():
            seen.add(stand.read("a.csv"))

    reading = threading.Thread(target=poll)
    reading.start()
    # when
    try:
        _deliver(stand, stand.transport(), outgoing("a.csv", _NEW))
    finally:
        is_over.set()
        reading.join(timeout=10)
    # then
    assert _OLD in seen
    assert seen <= {_OLD, _NEW, None}
    assert stand.read("a.csv") == _NEW


@that(Can.DELIVER | Can.CUT_DELIVERY)
@pytest.mark.fault(66)
def test_a_delivery_that_is_cut_time_and_again_leaves_the_old_file(stand: Stand, outgoing: Make) -> None:
    # given
    stand.put("a.csv", _OLD)
    (stand.folder / "a.csv").chmod(0o666)
    file = outgoing("a.csv", _NEW)
    with stand.behind(cut_sent_after_bytes=_FILE_BYTES // 2) as (transport, proxy):
        # when
        with pytest.raises(TryAgain) as caught:
            _deliver(stand, transport, file)
        # then
        assert caught.value.category is Category.NETWORK
        assert stand.read("a.csv") == _OLD
        assert all(name == "a.csv" or name.startswith(".handoff-") for name in stand.names())
        proxy.cut_sent_after_bytes = None
        _deliver(stand, transport, file)
    assert stand.read("a.csv") == _NEW
    assert stand.names() == ["a.csv"]  # what the cut deliveries left is gone too


@that(Can.DELIVER | Can.CUT_DELIVERY)
def test_a_delivery_that_is_cut_once_comes_there_whole(stand: Stand, outgoing: Make) -> None:
    with stand.behind(cut_sent_after_bytes=_FILE_BYTES // 2, cuts=1) as (transport, proxy):
        _deliver(stand, transport, outgoing("a.csv", _NEW), outgoing("b.csv", b"second"))
        assert proxy.cuts == 0
    assert (stand.read("a.csv"), stand.read("b.csv")) == (_NEW, b"second")
    assert stand.names() == ["a.csv", "b.csv"]


@that(Can.DELIVER | Can.CUT_DELIVERY)
@pytest.mark.fault(63)
def test_a_server_that_takes_nothing_any_more_is_left_in_time(
    stand: Stand, outgoing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSFER_SILENCE_S_MAX", 0.5)
    with (
        stand.behind(silent_sent_after_bytes=_FILE_BYTES // 2) as (transport, _),
        pytest.raises(TryAgain) as caught,
    ):
        _deliver(stand, transport, outgoing("a.csv", random.Random(2).randbytes(_FILE_BYTES * 4)))
    assert caught.value.category is Category.TIMEOUT
    assert stand.read("a.csv") is None


@that(Can.DELIVER | Can.KINDS)
def test_a_folder_that_is_missing_or_closed_is_named(stand: Stand, outgoing: Make) -> None:
    with pytest.raises(GiveUp) as missing:
        stand.transport().deliver(
            f"{stand.absolute_folder.rstrip('/')}/nowhere", [outgoing("a.csv", b"x")], Letter(), _ignore
        )
    assert missing.value.category is Category.FOLDER
    assert "nowhere" in str(missing.value)


@that(Can.DELIVER | Can.KINDS)
@pytest.mark.parametrize("name", ["../a.csv", "a/b.csv", "", ".", "..", "new\nline.csv", "nul\0.csv"])
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    stand: Stand, outgoing: Make, name: str
) -> None:
    with pytest.raises(BadInput):
        _deliver(stand, stand.transport(), outgoing("good.csv", b"x"), outgoing(name, b"x"))
    assert stand.names() == []


@that(Can.DELIVER | Can.KINDS)
def test_the_connection_test_writes_a_probe_and_removes_it(stand: Stand) -> None:
    # when
    stages = stand.transport().test(stand.absolute_folder, stand.absolute_folder)
    # then
    assert [stage.ok for stage in stages] == [True] * len(stages)
    assert [stage.name for stage in stages[-2:]] == ["list", "write"]
    assert stand.names() == []


@that(Can.DELIVER | Can.KINDS)
def test_the_connection_test_says_where_nothing_can_be_written(stand: Stand) -> None:
    stages = stand.transport().test("", f"{stand.absolute_folder.rstrip('/')}/nowhere")
    assert (stages[-1].name, stages[-1].ok) == ("write", False)
    assert "nowhere" in stages[-1].said
    assert "list" not in [stage.name for stage in stages]
