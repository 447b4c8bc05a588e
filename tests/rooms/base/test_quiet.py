"""Work gives way to pages: its threads are nicer than the process, and only they."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.base import quiet
from storage.database import open_database

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux alone")


def _niceness_of_threads() -> dict[int, int]:
    return {
        int(task.name): os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in Path("/proc/self/task").iterdir()
    }


def _own() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_that_works_gives_way_and_no_other_does() -> None:
    # given
    before = _niceness_of_threads()
    # when
    with ThreadPoolExecutor(1, initializer=quiet.give_way) as pool:
        works_with = pool.submit(_own).result()
        # then
        assert works_with == quiet.niceness() == _own() + quiet.NICENESS
        assert before.items() <= _niceness_of_threads().items()


def test_the_databases_own_threads_give_way_and_the_thread_that_opens_it_does_not(tmp_path: Path) -> None:
    # given
    before = _niceness_of_threads()
    # when
    database = open_database(tmp_path / "home.duckdb", (tmp_path,))
    # then
    started = {thread: nice for thread, nice in _niceness_of_threads().items() if thread not in before}
    database.close()
    assert started
    assert set(started.values()) == {quiet.niceness()}
    assert _own() == before[threading.get_native_id()]
