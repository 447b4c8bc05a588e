"""A raw mail taken apart in its worker process."""

import hashlib
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import BadInput, Cancelled
from engine.transfer import mailing, messages_worker
from storage.records.goals import PatternKind
from tests.rooms.transfer.test_messages import TEXT, attached, made, mixed


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def _raw(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "mail.data"
    path.write_bytes(content)
    return path


def test_attachments_lie_in_the_target_with_their_digests(tmp_path: Path, target: Path) -> None:
    # given
    raw = _raw(tmp_path, made("größe.csv", "receipt_a.csv", "b.csv"))
    # when
    exploded = mailing.explode(raw, target, r".*\.csv", PatternKind.REGEX, ["@example.com"])
    # then
    assert (exploded.sender, exploded.key, exploded.subject) == ("shop@example.com", "<1@example.com>", "data")
    assert [(file.name, file.spool_key) for file in exploded.files] == [("größe.csv", "0.data"), ("b.csv", "1.data")]
    for file in exploded.files:
        content = (target / file.spool_key).read_bytes()
        assert content == f"id\r\n{file.name}\r\n".encode()
        assert (file.size_bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert [name for name, _ in exploded.ignored] == ["receipt_a.csv"]
    assert (exploded.why_ignored, exploded.is_quarantined) == (None, False)


def test_a_stranger_is_put_aside_and_nothing_is_written(tmp_path: Path, target: Path) -> None:
    exploded = mailing.explode(_raw(tmp_path, made("a.csv")), target, "", PatternKind.WILDCARD, ["@other.example"])
    assert exploded.is_quarantined
    assert exploded.why_ignored is not None
    assert (exploded.files, list(target.iterdir())) == ((), [])


@pytest.mark.fault(55)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The mail is empty"),
        (b"From: a@example.com\r\n\r\n" + b"x" * 3_000_000, "has 3,000,023 bytes, more than 2,000,000"),
        (mixed(TEXT, attached(b"filename=a.csv"))[:-9], "ends in the middle"),
        (
            mixed(
                attached(b"filename=a.csv"), attached(b"filename=b.csv\r\nContent-Transfer-Encoding: base64", b"YWJjZ")
            ),
            "b.csv damaged on its way",
        ),
    ],
)
def test_what_cannot_be_read_leaves_no_file_and_says_why(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.setattr(limits, "MAIL_SIZE_BYTES_MAX", 2_000_000)
    asked = {"raw": str(_raw(tmp_path, content)), "target": str(target), "pattern": "", "kind": "wildcard"}
    said = messages_worker.work({**asked, "allowed_senders": []})
    assert words in said["why_ignored"]
    assert (said["files"], list(target.iterdir())) == ([], [])
    assert said["message"]["key"]


def test_a_pattern_that_is_none_is_refused(tmp_path: Path, target: Path) -> None:
    with pytest.raises(BadInput):
        mailing.explode(_raw(tmp_path, made("a.csv")), target, "(", PatternKind.REGEX, [])


def test_a_cancel_leaves_nothing(tmp_path: Path, target: Path) -> None:
    with pytest.raises(Cancelled):
        mailing.explode(_raw(tmp_path, made("a.csv")), target, "", PatternKind.WILDCARD, [], lambda: True)
    assert list(target.iterdir()) == []
