"""The list of promises is whole, and each mark in the tests names something on it."""

from pathlib import Path

import pytest

from tests import promises


def test_every_mark_names_a_promise_or_a_fault_of_the_list() -> None:
    assert promises.unknown(promises.marks(), promises.promised()) == []


def test_the_list_names_each_promise_once_and_the_faults_without_a_gap() -> None:
    known = promises.promised()

    assert len(set(known.promises)) == len(known.promises)
    assert known.faults == tuple(range(1, len(known.faults) + 1))
    assert {"A01", "D12", "W40", "Z20"} <= set(known.promises)


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.promise('W99')",
        "@pytest.mark.promise('W10', 'W99')",
        "@pytest.mark.promise(10)",
        "@pytest.mark.promise()",
        "@pytest.mark.promise(name)",
        "@pytest.mark.fault(0)",
        "@mark.fault('77')",
    ],
)
def test_a_mark_that_names_nothing_on_the_list_is_caught(tmp_path: Path, line: str) -> None:
    # given a test with a mark that keeps nothing
    (tmp_path / "test_planted.py").write_text(f"{line}\ndef test_it():\n    pass\n")

    # when the marks are held against the list
    complaints = promises.unknown(promises.marks(tmp_path), promises.promised())

    # then the file and the line are named
    assert len(complaints) == 1
    assert complaints[0].startswith("test_planted.py:1: ")


def test_the_report_leaves_out_what_a_test_keeps_and_counts_the_rest(tmp_path: Path) -> None:
    # given a list of three promises and two faults, and a test that keeps one of each
    (tmp_path / "list.txt").write_text("# words\nA01 A02\nB01\n\n1 2\n")
    (tmp_path / "test_one.py").write_text(
        "pytestmark = [pytest.mark.fault(2)]\n@pytest.mark.promise('A02')\ndef test_it():\n    pass\n"
    )

    # when it is reported
    text = promises.report(promises.marks(tmp_path), promises.promised(tmp_path / "list.txt"))

    # then the others are listed
    assert text.splitlines() == [
        "promises: 1 of 3 kept by a test, 2 by none",
        "  A01 B01",
        "faults: 1 of 2 kept by a test, 1 by none",
        "  1",
    ]
