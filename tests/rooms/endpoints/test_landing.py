"""How a file is accepted: whole or not at all, whenever the process is killed and when the disk is full."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.endpoints import landing
from tests.fakes.programs import require
from tests.rooms.endpoints.trees import Tree, content, listed, put

_SCRIPT = """
import os, pathlib, sys
sys.path.insert(0, os.getcwd())
from tests.rooms.endpoints.trees import Tree
home, number = pathlib.Path(sys.argv[1]), int(sys.argv[2])
jail = Tree(home).jail()
upload = jail.open_upload("/a.csv", anew=True)
upload.write(0, b"all the rows")
left = [number]
def dying(real):
    def call(*arguments, **named):
        if left[0] == 0:
            os.kill(os.getpid(), 9)
        left[0] -= 1
        return real(*arguments, **named)
    return call
calls = [(os, name) for name in ("fdatasync", "link", "rename", "fsync", "open")]
for owner, name in [*calls, (pathlib.Path, "replace")]:
    setattr(owner, name, dying(getattr(owner, name)))
upload.close(is_proven=True)
os._exit(0)
"""


@pytest.mark.fault(37)
def test_killed_at_any_step_a_file_is_pending_or_whole_and_never_both(tmp_path: Path) -> None:
    # given an upload whose process is killed at its first, second, third ... step of being accepted
    ends = []
    for number in range(40):
        home = tmp_path / str(number)
        tree = Tree(home)
        code = subprocess.run([sys.executable, "-c", _SCRIPT, str(home), str(number)], check=False).returncode

        # when the endpoints start again
        landing.recover(tree.spool)
        jail = tree.again()

        # then it is whole with its note, or pending with none
        accepted = tree.landed()
        pending = (tree.incoming / "a.csv").exists()
        assert pending is not bool(accepted)
        assert content(jail, "/a.csv") == b"all the rows"
        assert listed(jail) == ["a.csv"]
        assert [tree.content(item) for item in accepted] == ([] if pending else [b"all the rows"])
        assert not list(tree.spool.landed.glob(".*"))
        assert len(list(tree.spool.accepted("C1").iterdir())) == 2 * len(accepted)
        ends.append((code, pending))
        if code == 0:
            break

    # and the kills met both sides of it
    assert ends[0] == (-9, True)
    assert (-9, False) in ends
    assert ends[-1] == (0, False)


def test_the_digest_is_of_what_lies_there_however_it_was_written(tmp_path: Path) -> None:
    # given a file that is written in order, and one whose blocks come out of order and twice
    tree = Tree(tmp_path)
    jail = tree.jail()
    data = os.urandom(300_000)
    straight = put(jail, "/straight.csv", data)
    upload = jail.open_upload("/mixed.csv", anew=True)
    for start in (200_000, 0, 100_000, 0):
        upload.write(start, data[start : start + 100_000])

    # when both are accepted
    mixed = upload.close(is_proven=True)

    # then both digests are right
    assert straight is not None
    assert mixed is not None
    assert straight.sha256 == mixed.sha256 == hashlib.sha256(data).hexdigest()
    assert mixed.size_bytes == len(data)


@pytest.mark.fault(38)
def test_a_full_disk_fails_the_upload_accepts_nothing_and_recovers_alone(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # given a spool with three megabytes
    (tmp_path / "spool").mkdir()
    mount = [require("mount"), "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path / "spool")]
    subprocess.run(mount, check=True)
    request.addfinalizer(lambda: subprocess.run([require("umount"), "-l", str(tmp_path / "spool")], check=False))
    tree = Tree(tmp_path)
    jail = tree.jail()
    first = put(jail, "/first.csv", b"1" * 1_000_000)
    assert first is not None

    # when an upload fills it
    upload = jail.open_upload("/large.csv", anew=True)

    def fill() -> None:
        for offset in range(0, 5_000_000, 500_000):
            upload.write(offset, b"2" * 500_000)

    failed = _outcome(fill)
    closed = _outcome(lambda: upload.close(is_proven=True))

    # then the client hears of it twice, nothing was accepted, and the next upload has room again
    assert failed == closed == "No space left on device"
    assert [item.name for item in tree.landed()] == ["first.csv"]
    second = put(jail, "/second.csv", b"3" * 1_000_000)
    assert second is not None
    assert (tree.content(first), tree.content(second)) == (b"1" * 1_000_000, b"3" * 1_000_000)


def test_a_note_that_cannot_be_written_leaves_the_upload_pending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a disk that fails when the note is written
    tree = Tree(tmp_path)
    jail = tree.jail()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    # when the file is closed
    with monkeypatch.context() as failing:
        failing.setattr(os, "link", fail)
        said = _outcome(lambda: put(jail, "/a.csv", b"rows"))

    # then the client is told, and can do it again
    assert said == "No space left on device"
    assert tree.landed() == []
    assert put(jail, "/a.csv", b"rows") is not None
    assert [tree.content(item) for item in tree.landed()] == [b"rows"]


def _outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except OSError as error:
        return error.strerror or ""
    return "done"
