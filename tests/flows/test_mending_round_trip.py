"""Rejects of every kind go out, are mended as a person does it in a spreadsheet, and come back by either way."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from engine.actions import files as file_actions
from engine.base import clock
from engine.views import files as file_views
from engine.views import runs as run_views
from storage.records.exchange import ERRORS_COLUMNS, AnswerKind, FileState
from storage.records.goals import (
    FileFormat,
    Identifier,
    Mapping,
    Property,
    PropertyType,
    Strategy,
    ValueFormat,
)
from storage.records.runs import Run, RunState
from storage.tables import profiles
from tests.fakes.home import open_home
from tests.fakes.pushed import Pushed
from tests.fakes.shop import CALLER

CODEC = "cp1252"
HARD = FileFormat(";", encoding=CODEC, quote="'", preamble_lines=1, header_lines=2)
TITLE = "Orders of the shop in €"
HEADER = ["order;customer;card;name;spend;day;seen;vip", "no;no;no;;EUR;;at;"]
NAMES = ["order no", "customer no", "card no", "name", "spend EUR", "day", "seen at", "vip"]
ROWS = [
    "k1;ana;c1;Ana;1.000,50;30-01-2026;2026-03-28 10:00;yes",
    "k2;ben;c2;Ben;2,25;30-01-2026;2026-03-28 10:00;no",
    "k3;ana;c1;Ana;1O,50;30-01-2026;2026-03-28 10:00;yes",
    "k4;ana;c1;'O''Neill; née Ana';4;31-02-2026;2026-03-28 10:00;yes",
    "k5;ben;c2;Ben;8;30-01-2026;2026-03-29 02:30;no",
    "k6;ben;c2;Ben;16;30-01-2026;2026-03-28 10:00;perhaps",
    "k7;ana;c2;Ben;32;30-01-2026;2026-03-28 10:00;yes",
    ";ben;c2;Ben;64;30-01-2026;2026-03-28 10:00;no",
]
"""Two good rows; then a letter in a number, a day and a time that are none, no boolean, two profiles, no key."""
LINES = "\r\n".join([TITLE, *HEADER, *ROWS, ""])
TOLD = {
    "6": ("not_a_decimal", "spend EUR: not a number"),
    "7": ("impossible_date", "day: not a date"),
    "8": ("no_such_time", "seen at: a time that clocks skip in its time zone"),
    "9": ("not_a_boolean", "vip: neither yes nor no"),
    "10": ("identifier_conflict", "card no: the identifiers are those of two profiles"),
    "11": ("row_key_empty", "order no: the row key is empty"),
}
CURES = {
    "6": ("spend EUR", "1,50"),
    "7": ("day", "28-02-2026"),
    "8": ("seen at", "2026-03-29 03:30"),
    "9": ("vip", "no"),
    "10": ("customer no", "ben"),
    "11": ("order no", "k8"),
}
MAPPINGS = (
    Mapping("name", "full_name", PropertyType.TEXT, Strategy.SET),
    Mapping("spend EUR", "spend", PropertyType.DECIMAL, Strategy.SUM),
    Mapping("day", "first_day", PropertyType.DATE, Strategy.SET_IF_EMPTY),
    Mapping("seen at", "seen", PropertyType.DATE_TIME, Strategy.SET),
    Mapping("vip", "vip", PropertyType.BOOLEAN, Strategy.SET),
)


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    """A connection for a dialect of its own, with two identifiers and a row key."""
    with open_home(tmp_path) as desk:
        made = Pushed(desk)
        wanted = [Property(mapping.property, mapping.type, is_unique=False) for mapping in MAPPINGS]
        wanted += [Property("card_no", PropertyType.TEXT, is_unique=True)]
        profiles.add_properties(desk.database, wanted, clock.now())
        made.save(
            format=HARD,
            values=ValueFormat(",", ".", date="%d-%m-%Y", date_time="%Y-%m-%d %H:%M", time_zone="Europe/Amsterdam"),
            identifiers=(Identifier("customer no", "customer_id"), Identifier("card no", "card_no")),
            mappings=MAPPINGS,
            row_key=("order no",),
        )
        yield made


def downloaded(pushed: Pushed, file_id: str) -> list[list[str]]:
    """Return the errors file as a spreadsheet shows it: its lines, each with its cells."""
    _, path = file_views.answer_path(pushed.desk, CALLER, file_id, AnswerKind.ERRORS)
    text = gzip.decompress(path.read_bytes()).decode(CODEC)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";", quotechar="'"))


def mended(sheet: list[list[str]]) -> bytes:
    """Return the file as a spreadsheet saves it after each row was mended; what is ours is left in it."""
    title, first, second, *rows = sheet
    for row in rows:
        name, value = CURES[row[len(NAMES)]]
        row[NAMES.index(name)] = value
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", quotechar="'", lineterminator="\n").writerows([title, first, second, *rows])
    return out.getvalue().encode(CODEC)


def by_its_name(pushed: Pushed, content: bytes, run: Run) -> str:
    """Send it back as a partner does."""
    del run
    return pushed.land("mended_orders.csv", content)


def on_the_page_of_the_run(pushed: Pushed, content: bytes, run: Run) -> str:
    """Upload it as a person of ours does, under the name that it had when it was downloaded."""
    name = "result_orders.csv_errors.csv"
    return file_actions.hand_in_mended(pushed.desk, CALLER, run.connection_id, name, content, run.run_id)


@pytest.mark.promise("Z07")
@pytest.mark.promise("R03")
@pytest.mark.parametrize("send_back", [by_its_name, on_the_page_of_the_run])
def test_rejects_of_every_kind_are_mended_in_a_spreadsheet_and_all_count_once(
    pushed: Pushed, send_back: Callable[[Pushed, bytes, Run], str]
) -> None:
    # given
    landed = pushed.land("orders.csv", LINES.encode(CODEC))
    first = pushed.run()
    assert (first.counts.applied, first.counts.rejected) == (2, 6)
    # when
    sheet = downloaded(pushed, landed)
    # then: the lines before the header, its own columns, then where each row stood and what is wrong with it
    assert sheet[0] == [TITLE]
    assert [f"{one} {two}".strip() for one, two in zip(sheet[1], sheet[2], strict=True)] == [*NAMES, *ERRORS_COLUMNS]
    told = {row[len(NAMES)]: row for row in sheet[3:]}
    assert {line: tuple(row[len(NAMES) + 1 :][:2]) for line, row in told.items()} == TOLD
    assert [";".join(row[: len(NAMES)]) for row in told.values()] == [
        row.replace("'", "").replace("ONeill", "O'Neill") for row in ROWS[2:]
    ]
    suggested = {line: row[len(NAMES) + 3] for line, row in told.items()}
    assert all(suggested.values()), suggested
    assert suggested["10"] == "customer no says the profile of line 4, card no says the profile of line 5"
    assert {row[-1] for row in told.values()} == {pushed.file(landed).trace_id}
    # when
    content = mended(sheet)
    back = send_back(pushed, content, first)
    second = pushed.run()
    # then: every row was applied, once
    assert (second.state, second.counts.applied, second.counts.rejected) == (RunState.COMPLETED, 6, 0)
    sums = {"ana": Decimal(1006), "ben": Decimal("122.25")}
    assert dict(pushed.sql("SELECT customer_id, spend FROM dat.profile")) == sums
    assert pushed.sql("SELECT full_name FROM dat.profile WHERE customer_id = 'ana'") == [("O'Neill; née Ana",)]
    # and: each run knows the other
    assert pushed.file(back).mends_run_id == first.run_id
    assert run_views.page(pushed.desk, CALLER, first.run_id).mended_by == (second.number,)
    assert run_views.page(pushed.desk, CALLER, second.run_id).mends == (first.number,)
    # when: it comes once more, and so does the first file
    again = pushed.land("mended_orders.csv", content + b"\n")
    pushed.land("orders.csv", LINES.encode(CODEC) + b"\r\n")
    pushed.run()
    # then
    assert pushed.file(again).state is FileState.COMPLETE
    assert dict(pushed.sql("SELECT customer_id, spend FROM dat.profile")) == sums
