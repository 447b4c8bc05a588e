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
        wait_until(lambda: folder._asked == _ASKERS, 30)
        go_on.set()
    return asked, len(turns)


def test_those_who_ask_while_the_disk_is_busy_share_its_next_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, turns = _ask_while_busy(landing.LandedFolder(Spool(tmp_path)), monkeypatch, lambda _: None)
    assert [one.exception() for one in asked] == [None] * _ASKERS
    assert turns == 2


def test_a_turn_that_fails_counts_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a disk that fails twice
    def fail_twice(turn: int) -> None:
        if turn <= 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    # when
    asked, turns = _ask_while_busy(landing.LandedFolder(Spool(tmp_path)), monkeypatch, fail_twice)
    # then the two who had these turns are told, and the others are served by the third
    assert sum(isinstance(one.exception(), OSError) for one in asked) == 2
    assert turns == 3
