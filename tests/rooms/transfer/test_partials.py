"""What a cut fetch leaves, and when it is gone on with."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from engine.base import limits
from engine.transfer import partials
from engine.transfer.partials import Partial

_AT = datetime(2026, 11, 21)
_SIZE_BYTES = limits.PARTIAL_BYTES_MIN * 2
_BEGINNING = bytes(limits.PARTIAL_BYTES_MIN)


def _left(folder: Path) -> None:
    part = Partial(folder, "/out", "a.csv", _SIZE_BYTES, _AT)
    part.add(_BEGINNING)
    part.leave()


def test_the_same_file_goes_on_and_is_hashed_from_its_start(tmp_path: Path) -> None:
    _left(tmp_path)
    part = Partial(tmp_path, "/out", "a.csv", _SIZE_BYTES, _AT)
    assert part.size_bytes == len(_BEGINNING)
    part.add(b"rest")
    assert part.finish() == hashlib.sha256(_BEGINNING + b"rest").hexdigest()


@pytest.mark.fault(65)
@pytest.mark.parametrize(
    ("name", "size_bytes", "changed_at", "boot"),
    [
        ("a.csv", _SIZE_BYTES + 1, _AT, ""),
        ("a.csv", _SIZE_BYTES, datetime(2026, 11, 22), ""),
        ("a.csv", _SIZE_BYTES, None, ""),
        ("b.csv", _SIZE_BYTES, _AT, ""),
        ("a.csv", _SIZE_BYTES, _AT, "another start of the machine"),
    ],
)
def test_another_file_begins_anew(
    tmp_path: Path,
    name: str,
    size_bytes: int,
    changed_at: datetime | None,
    boot: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _left(tmp_path)
    if boot:
        monkeypatch.setattr(partials, "_boot", lambda: boot)
    part = Partial(tmp_path, "/out", name, size_bytes, changed_at)
    assert part.size_bytes == 0
    part.leave()


def test_little_is_kept_between_the_tries_of_a_fetch_and_not_worth_keeping_after_it(tmp_path: Path) -> None:
    part = Partial(tmp_path, "/out", "a.csv", _SIZE_BYTES, _AT)
    part.add(b"a few bytes")
    part.leave()
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [11]
    partials.drop_small(tmp_path)
    assert list(tmp_path.iterdir()) == []
