"""The names of answers: known by their prefixes, and short enough for every file system."""

import pytest

from engine.receipts import names
from storage.records.exchange import RESERVED_PREFIXES, AnswerKind


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (AnswerKind.RECEIPT, "receipt_buyers.csv.txt"),
        (AnswerKind.RESULT, "result_buyers.csv.json"),
        (AnswerKind.ERRORS, "result_buyers.csv_errors.csv.gz"),
    ],
)
def test_an_answer_is_named_after_its_file(kind: AnswerKind, expected: str) -> None:
    assert names.name(kind, "buyers.csv") == expected


@pytest.mark.parametrize("kind", list(AnswerKind))
@pytest.mark.parametrize("file_name", ["x" * 255, "é" * 200, "../../etc/passwd", "a\nb.csv", "..", "receipt_x.csv"])
def test_every_name_is_one_of_ours_and_fits_every_file_system(kind: AnswerKind, file_name: str) -> None:
    name = names.name(kind, file_name)

    assert name.startswith(RESERVED_PREFIXES)
    assert len(name.encode()) <= 240
    assert "/" not in name and "\n" not in name


def test_long_names_that_differ_at_their_ends_alone_stay_two_names() -> None:
    first, second = (names.name(AnswerKind.RESULT, "x" * 250 + end) for end in ("1.csv", "2.csv"))

    assert first != second
