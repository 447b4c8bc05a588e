"""What receipts and results say: open formats, every fact that a program asks for, one line a fact."""

import dataclasses
import json
from datetime import datetime

import pytest

from engine.receipts import texts
from storage.records.connections import Direction
from storage.records.exchange import FileState, HandedFile
from storage.records.files import RejectReason
from storage.records.runs import RunCounts

FILE = HandedFile(
    file_id="01J0",
    connection_id="01C0",
    goal_id="01G0",
    direction=Direction.INBOUND,
    name="buyers.csv",
    folder="/",
    size_bytes=1234,
    sha256="ab" * 32,
    state=FileState.COMPLETE,
    reason=None,
    trace_id="1f2e3d4c",
    spool_key="kept/01J0",
    run_id="01R0",
    mends_run_id=None,
    sender=None,
    message_id=None,
    rows_total=10,
    rows_ok=7,
    rows_errors=3,
    first_seen_at=datetime(2026, 11, 21, 9, 12, 1, 500_000),
    ended_at=datetime(2026, 11, 21, 9, 12, 4),
    content_removed_at=None,
)


def test_a_receipt_says_one_fact_a_line() -> None:
    said = dict(line.split(": ", 1) for line in texts.receipt(FILE, "Loyalty members").splitlines())

    assert said == {
        "trace_id": "1f2e3d4c",
        "file": "buyers.csv",
        "size_bytes": "1234",
        "sha256": "ab" * 32,
        "connection": "Loyalty members",
        "taken_at": "2026-11-21T09:12:01.500Z",
        "next": "result_buyers.csv.json follows once the file has been processed.",
    }


def test_a_name_with_a_line_end_gives_a_receipt_no_line_of_its_own() -> None:
    file = dataclasses.replace(FILE, name="a\nsha256: forged\n.csv")

    assert [line for line in texts.receipt(file, "Loyalty").splitlines() if line.startswith("sha256")] == [
        "sha256: " + "ab" * 32
    ]


def test_a_result_counts_rows_and_profiles() -> None:
    counts = RunCounts(read=10, applied=5, unchanged=1, skipped={"no_match": 1}, rejected=3, created=4, updated=1)

    said = json.loads(texts.result(FILE, counts, "result_buyers.csv_errors.csv.gz"))

    assert said["status"] == "complete"
    assert (said["trace_id"], said["file"]) == ("1f2e3d4c", "buyers.csv")
    assert said["first_seen_at"] == "2026-11-21T09:12:01.500Z"
    assert said["rows"] == {
        "total": 10, "ok": 7, "errors": 3, "applied": 5, "unchanged": 1, "skipped": {"no_match": 1},
    }  # fmt: skip
    assert said["profiles"] == {"created": 4, "updated": 1}
    assert said["errors_file"] == "result_buyers.csv_errors.csv.gz"
    assert (said["error"], said["link"]) == (None, None)


@pytest.mark.parametrize("state", [FileState.FAILED, FileState.IGNORED, FileState.NOT_MATCHED])
def test_a_result_says_why_a_file_was_not_imported(state: FileState) -> None:
    file = dataclasses.replace(FILE, state=state, reason="The file is empty.", rows_total=0, rows_ok=0, rows_errors=0)

    said = json.loads(texts.result(file, None, None))

    assert (said["status"], said["error"], said["profiles"]) == (state.value, "The file is empty.", None)


def test_every_reason_of_a_rejected_row_has_words() -> None:
    assert set(texts.MESSAGES) == set(RejectReason)


def test_waits_between_tries_grow_to_an_hour_and_stay_there() -> None:
    waits = [texts.wait_s(tries) for tries in range(1, 30)]

    assert waits[:3] == [60.0, 120.0, 300.0]
    assert waits == sorted(waits)
    assert waits[-1] == 3600.0
