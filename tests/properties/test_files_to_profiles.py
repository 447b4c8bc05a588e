"""Whatever stands in a file: it is merged and every record has one outcome, or it is refused and nothing changes."""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.actions.goals import properties_of
from engine.base.errors import MendData
from engine.files.read import read_file
from engine.mapping import plan
from storage.records.goals import FileFormat, Mapping, PropertyType, Strategy, ValueFormat
from storage.records.runs import Reject
from storage.tables import files_seen, merges, profiles
from tests.fakes.merging import MADE_AT, Merger, goal_of
from tests.properties.test_merge import outcomes

MAPPINGS = (
    Mapping("name", "name", PropertyType.TEXT, Strategy.SET),
    Mapping("when", "when", PropertyType.DATE_TIME, Strategy.SET_IF_EMPTY, "%d-%m-%Y %H:%M"),
    Mapping("amount", "amount", PropertyType.DECIMAL, Strategy.SUM),
    Mapping("tags", "tags", PropertyType.LIST, Strategy.ADD),
)
HEADER = "id;name;when;amount;tags"
# 02:30 on that day does not exist in Amsterdam.
WHOLE = ("1;Ana;01-02-2026 10:00;1.234,56;a|b", "9;Zoë;;1,5;x\n", "29-03-2026 02:30", '"quoted;\nfield"', "1e400")
PIECES = st.sampled_from(
    (*WHOLE, "2;", '"', '""', ";", "\n", "\r\n", "\r", "\0", "é", "\ufeff", "'", "\\", "|", "1.23,4")
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def merger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merger]:
    with Merger(tmp_path_factory.mktemp("whole")) as made:
        profiles.add_properties(made.database, properties_of(goal_of(*MAPPINGS)), MADE_AT)
        yield made


@pytest.mark.promise("Z06")
@pytest.mark.promise("M32")
@pytest.mark.fault(77)
@pytest.mark.fault(83)
@settings(max_examples=60)
@example(pieces=['"'], encoding="utf-8", line_end="\n", declared=True)
@given(
    pieces=st.lists(PIECES, max_size=40), encoding=ENCODINGS, line_end=st.sampled_from("\n\r"), declared=st.booleans()
)
def test_any_file_balances_or_changes_nothing(
    merger: Merger, pieces: list[str], encoding: str, line_end: str, *, declared: bool
) -> None:
    # given
    number = next(_numbers)
    text = HEADER + line_end + "1;Ana;01-02-2026 10:00;1,5;a|b" + line_end + "".join(pieces)
    content = text.encode(encoding, "replace")
    file_format = FileFormat(separator=";", encoding=encoding if declared else None)
    values = ValueFormat(decimal=",", thousands=".", multi_value="|", time_zone="Europe/Amsterdam")
    goal = replace(goal_of(*MAPPINGS, goal_id=f"goal-{number % 3}"), values=values, format=file_format)
    before = merger.held()
    with tempfile.TemporaryDirectory(dir=merger.folder) as folder:
        source = Path(folder) / "file.csv"
        source.write_bytes(content)
        # when
        try:
            reading = read_file(source, Path(folder), file_format, _nobody_watches)
            with merger.database.write("dat") as cursor:
                seen = files_seen.last(cursor, goal.goal_id, "file.csv")
                attempt = plan.Attempt(f"whole-{number}", number, number << 22, "file.csv")
                counts = merges.merge(cursor, plan.make(goal, reading, seen, attempt))
        except (MendData, merges.SumWouldMiss):
            # then it is refused, and nothing changed
            assert merger.held() == before
            return
    # then
    assert counts.read == reading.records == reading.accepted + reading.rejected
    assert outcomes(counts) == counts.read
    assert len({(item.file_name, item.line) for item in _rejects(merger, number)}) == counts.rejected


def _nobody_watches(_done: int, _total: int) -> None:
    """Stand where a run tells how far it is."""


def _rejects(merger: Merger, number: int) -> list[Reject]:
    merger.run_id = f"whole-{number}"
    return merger.rejects()
