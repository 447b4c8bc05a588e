"""Times and names as pages say them: pure, so tested without a page."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pages.parts import times
from pages.parts.plain import plain, visible

NOW = datetime(2026, 11, 21, 23, 30)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 21, 23, 5), "today 00:05"),
        (datetime(2026, 11, 21, 8, 12), "yesterday 09:12"),
        (datetime(2026, 10, 2, 12, 0), "2 Oct"),
        (datetime(2025, 10, 2, 12, 0), "2 Oct 2025"),
        (None, times.UNKNOWN),
    ],
)
def test_a_time_is_said_in_the_readers_zone(moment: datetime | None, said: str) -> None:
    assert times.said(moment, NOW, AMSTERDAM) == said


@pytest.mark.parametrize("name", [None, "", "No/Where", "../etc/passwd"])
def test_an_unknown_zone_is_utc(name: str | None) -> None:
    assert times.zone(name).key == "UTC"


def test_marks_that_turn_letters_around_are_written_out() -> None:
    assert visible("members_\u202efdp.csv") == "members_[U+202E]fdp.csv"
    assert visible("a\x00b\u200fc") == "a[U+0000]b[U+200F]c"
    assert visible("ملف_😀_é.csv") == "ملف_😀_é.csv"
    assert "\u202e" not in plain("members_\u202efdp.csv")


def test_no_name_becomes_a_link_a_style_or_an_icon() -> None:
    shown = plain("**Ben** [x](http://a.b) :red[y] ben@a.b www.a.b $z$ :material/home: <b>")
    assert not re.search(r"(?<!\\)[*\[\]()<>$:@]", shown)
    for living in ("http:", "http\\:", "n@", "n\\@", "www.a", "material/home"):
        assert living not in shown
