"""Asking that landed/ be on the disk: those who ask while it is busy share its next turn, and nobody is told a lie."""

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.endpoints import landing
from storage.spool import Spool
from tests.fakes.service import wait_until
from tests.rooms.endpoints.trees import Tree, mount, put

_ASKERS = 10


def _ask_while_busy(
    folder: landing.LandedFolder, monkeypatch: pytest.MonkeyPatch, turn: Callable[[int], None]
) -> tuple[list[Future[None]], int]:
    """Let nine ask while the disk serves the first one; return how each ended, and how many turns it took."""
    began, go_on, turns = threading.Event(), threading.Event(), []

    def fsync(descriptor: int) -> None:
        turns.append(descriptor)
        began.set()
        assert go_on.wait(30)
        turn(len(turns))

    monkeypatch.setattr(os, "fsync", fsync)
    with ThreadPoolExecutor(_ASKERS) as pool:
        asked = [pool.submit(folder.sync)]
        assert began.wait(30)
        asked += [pool.submit(folder.sync) for _ in range(_ASKERS - 1)]
        wait_until(lambda: len(folder._names._changed._waiters) == _ASKERS - 1, 30)  # type: ignore[attr-defined]
        go_on.set()
    return asked, len(turns)


def test_those_who_ask_while_the_disk_is_busy_share_its_next_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, turns = _ask_while_busy(landing.LandedFolder(Spool(tmp_path)), monkeypatch, lambda _: None)
    assert [one.exception() for one in asked] == [None] * _ASKERS
    assert turns == 2


def test_a_turn_that_fails_is_told_to_all_who_waited_and_to_nobody_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux tells an error of a descriptor once: the next fsync of it says that all is well, and it is not."""

    # given a disk that tells its fault once
    def fail_once(turn: int) -> None:
        if turn == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    # when
    folder = landing.LandedFolder(Spool(tmp_path))
    asked, turns = _ask_while_busy(folder, monkeypatch, fail_once)
    # then
    assert [getattr(one.exception(), "errno", None) for one in asked] == [errno.EIO] * _ASKERS
    assert turns == 1
    folder.sync()


def test_many_at_once_ask_for_everything_and_one_who_is_alone_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given ten uploads that are closed at the same moment
    tree = Tree(tmp_path, *(mount(f"C{number}", f"/{number}") for number in range(_ASKERS)))
    turns: list[int] = []
    real, write, meet = landing._sync_file_system, landing._write, threading.Barrier(_ASKERS)

    def counted(descriptor: int) -> None:
        turns.append(descriptor)
        real(descriptor)

    def meeting(folder: int, name: str, text: str, *, is_synced: bool) -> None:
        meet.wait(30)
        write(folder, name, text, is_synced=is_synced)

    monkeypatch.setattr(landing, "_sync_file_system", counted)
    put(tree.jail(), "/0/alone.csv", b"row\n")
    assert turns == []
    monkeypatch.setattr(landing, "_write", meeting)

    # each in a folder of its own, so that none waits for another's lock
    def send(number: int) -> bytes:
        landed = put(tree.jail(), f"/{number}/a.csv", b"row %d" % number)
        assert landed is not None
        return tree.content(landed)

    # when
    with ThreadPoolExecutor(_ASKERS) as pool:
        found = list(pool.map(send, range(_ASKERS)))
    # then
    assert found == [b"row %d" % number for number in range(_ASKERS)]
    # once before the names, once after them
    assert len(turns) >= 2
