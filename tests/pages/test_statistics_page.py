"""The page of partner statistics: empty, full, choices, each role, and its charts."""

import csv
import io
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.flows.desk import Desk
from engine.statistics import counting
from engine.statistics.counting import Bar
from engine.views import statistics as view
from pages.parts import category, statistics_cards, statistics_chart
from pages.parts.statistics_csv import as_csv
from storage.records.deliveries import ERRORS, DayCount, DeliveryCategory
from storage.records.people import Caller, Role
from tests.pages import sending
from tests.pages.conftest import PAGES, Show
from tests.pages.sending import TODAY

SENT, REMOVED = DeliveryCategory.SENT, DeliveryCategory.REMOVED
TIMEOUT, CODE = DeliveryCategory.TIMEOUT, DeliveryCategory.PARTNER_CODE
LAST = TODAY.date()
DAYS = counting.days_until(LAST, 30)
CHARTS = (statistics_chart.delivered, statistics_chart.failed)


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """The clock stands, on a day that the tests know."""
    with sending.at(TODAY):
        yield


def put_counts(desk: Desk, admin: Caller) -> str:
    """Two days of one connector; return its id."""
    where, now = sending.add_connector(desk, admin), TODAY
    before = now - timedelta(days=3)
    sending.add_counts(
        desk,
        (where, before, SENT, "", 734),
        (where, before, CODE, "100", 37),
        (where, now, REMOVED, "", 195),
        (where, now, TIMEOUT, "", 4),
        (where, now - timedelta(days=40), SENT, "", 700),
    )
    return where


def metrics(page: AppTest) -> dict[str, str]:
    return {item.label: item.value for item in page.metric}


def bars(**counts: tuple[int, int]) -> dict[DeliveryCategory, tuple[Bar, ...]]:
    """Return bars of 30 days with (count, recovered) on the day before the last."""
    lines = [
        DayCount(LAST - timedelta(days=1), "a", DeliveryCategory(word), "", *both) for word, both in counts.items()
    ]
    return counting.by_day(lines, DAYS)


def test_without_a_connector_the_page_says_what_to_do(show: Show) -> None:
    page = show("statistics_page.py")

    assert not page.exception
    assert "**No connector yet.**" in [line.value for line in page.markdown]
    assert not page.metric


def test_before_the_first_message_the_page_says_what_to_do(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    sending.add_connector(desk, admin)
    # when
    page = show("statistics_page.py")
    # then
    assert not page.exception
    assert "**No message was sent yet.**" in [line.value for line in page.markdown]


def test_a_period_without_messages_says_when_the_last_one_was(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    where, day = sending.add_connector(desk, admin), TODAY - timedelta(days=40)
    sending.add_counts(desk, (where, day, SENT, "", 5))
    # when
    page = show("statistics_page.py")
    # then
    assert not page.exception
    assert "**No messages in these 30 days.**" in [line.value for line in page.markdown]
    assert any(line.value.startswith(f"The last was on {day.day} {day:%b}") for line in page.caption)


@pytest.mark.promise("Q02")
def test_the_cards_say_what_was_sent_removed_and_failed(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    put_counts(desk, admin)
    # when
    page = show("statistics_page.py")
    # then
    assert not page.exception
    assert metrics(page) == {"Sent": "734", "Removed": "195", "Errors": "41", "Error rate": "4.23 %"}
    assert page.metric[0].delta == "4.9 %"
    about = "Messages to partners, one per profile; a batch of 500 profiles counts 500. Days and times are UTC."
    assert about in [line.value for line in page.caption]


@pytest.mark.promise("Q11")
def test_the_table_names_category_code_and_meaning_with_the_partners_list(
    desk: Desk, admin: Caller, show: Show
) -> None:
    # given
    put_counts(desk, admin)
    # when
    table = show("statistics_page.py").dataframe[0].value
    # then
    assert [words[0] for words in table["Category"]] == ["Partner error", "Timeout"]
    assert list(table["Errors"]) == [37, 4]
    assert table["Partner code"][0] == "100"
    assert table["reference"][0].startswith("https://developers.facebook.com/")
    assert [sum(days) for days in table["By day"]] == [37, 4]


def test_the_choices_stand_in_the_address_and_come_from_it(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    where = put_counts(desk, admin)
    other = sending.add_connector(desk, admin, "Another")
    # when
    page = show("statistics_page.py", configuration=where, days="90", errors="1")
    # then
    assert metrics(page)["Sent"] == "1,434"
    assert "Delivered per day" not in [line.value for line in page.subheader]
    # when
    page.selectbox(key="statistics_configuration").set_value(other).run()
    page.button_group(key="statistics_days").set_value("7").run()
    # then
    assert not page.exception
    assert (page.query_params["configuration"], page.query_params["days"]) == (other, "7")
    assert "**No message was sent yet.**" in [line.value for line in page.markdown]


@pytest.mark.parametrize("query", [{"configuration": "gone"}, {"days": "31"}, {"days": "x"}, {"errors": "2"}])
def test_an_address_that_nobody_wrote_shows_the_usual_page(
    desk: Desk, admin: Caller, show: Show, query: dict[str, str]
) -> None:
    # given
    put_counts(desk, admin)
    # when
    page = show("statistics_page.py", **query)
    # then
    assert not page.exception
    assert metrics(page)["Sent"] == "734"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PARTNER])
def test_every_role_sees_the_figures_and_only_some_open_the_failures(
    desk: Desk, admin: Caller, show: Show, role: Role
) -> None:
    # given
    put_counts(desk, admin)
    # when
    page = show("statistics_page.py", role)
    # then
    assert not page.exception
    assert metrics(page)["Errors"] == "41"
    is_told = any("click a bar" in line.value for line in page.caption)
    assert ("open" in page.dataframe[0].value) is is_told is (role is not Role.MANAGER)


def test_what_waits_is_said_beside_the_figures(desk: Desk, admin: Caller, show: Show, tmp_path: Path) -> None:
    # given
    begun = sending.begin(desk, admin, tmp_path / "files", 7)
    sending.answer(desk)
    assert not any("for an answer" in line.value for line in show("statistics_page.py").caption)
    # when
    sending.buy(desk, begun, tmp_path / "files", 3, 8)
    sending.answer(desk, sending.slow())
    # then
    page = show("statistics_page.py")
    assert metrics(page)["Sent"] == "7"
    assert any("3 messages wait for an answer" in line.value for line in page.caption)


@pytest.mark.promise("Q03")
@pytest.mark.promise("Q04")
@pytest.mark.promise("Q05")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_green_is_sent_blue_is_removed_and_each_error_category_has_its_own_other_color(scheme: str) -> None:
    # given
    config = tomllib.loads((PAGES.parent / ".streamlit" / "config.toml").read_text())
    theme = config["theme"][scheme]
    counts = {each.value: (10, 4 if each in ERRORS else 0) for each in (SENT, REMOVED, *ERRORS)}
    # when
    is_dark = scheme == "dark"
    delivered = statistics_chart.delivered(bars(**counts), DAYS, is_dark=is_dark).data
    failed = statistics_chart.failed(bars(**counts), DAYS, is_dark=is_dark).data
    # then
    assert [(trace.name, trace.marker.color) for trace in delivered] == [
        ("Sent", theme["greenColor"]),
        ("Removed", theme["blueColor"]),
    ]
    colors = {trace.name.removesuffix(", recovered"): trace.marker.color for trace in failed}
    assert list(colors) == ["Invalid credentials", "Timeout", "Partner error", "Other error"]
    assert len(set(colors.values())) == len(ERRORS)
    assert not set(colors.values()) & {theme["greenColor"], theme["blueColor"]}
    assert [trace.marker.color for trace in delivered] + list(colors.values()) == theme["chartCategoricalColors"]
    legend = category.legend(ERRORS, is_dark=is_dark)
    assert all(f'"{color}"}}\u00a0{word}' in legend for word, color in colors.items())


def test_what_a_replay_delivered_is_hatched_in_the_same_color_and_the_bar_keeps_its_height() -> None:
    # when
    failed = statistics_chart.failed(bars(timeout=(37, 30)), DAYS, is_dark=False).data
    # then
    plain, hatched = (trace for trace in failed if trace.meta["category"] == "timeout")
    assert plain.marker.color == hatched.marker.color
    assert (plain.marker.pattern.shape, hatched.marker.pattern.shape) == ("", "/")
    assert (plain.y[-2], hatched.y[-2]) == (7, 30)
    assert "of these recovered: 30" in plain.hovertext[-2]


@pytest.mark.promise("Q13")
def test_each_chart_has_every_day_with_zeros_and_pales_today() -> None:
    # when
    figures = [make(bars(sent=(5, 0)), DAYS, is_dark=False) for make in CHARTS]
    # then
    for figure in figures:
        assert list(figure.layout.xaxis.categoryarray) == [day.isoformat() for day in DAYS]
        for trace in figure.data:
            assert list(trace.x) == [day.isoformat() for day in DAYS]
            assert set(trace.marker.opacity[:-1]) == {1.0} and trace.marker.opacity[-1] < 1
    assert figures[0].data[0].y[-3:] == (0, 5, 0)


def test_every_bar_knows_its_category_and_day() -> None:
    figure = statistics_chart.failed(bars(timeout=(3, 1)), DAYS, is_dark=False)

    for trace in figure.data:
        found = [statistics_chart.address_of({"customdata": said}) for said in trace.customdata]
        assert found == [(DeliveryCategory(trace.meta["category"]), day) for day in DAYS]
    assert figure.layout.hovermode == "closest"


@pytest.mark.parametrize(
    "given", [{}, {"customdata": None}, {"customdata": "x|2026-11-21"}, {"customdata": "timeout|"}]
)
def test_a_click_beside_the_bars_leads_nowhere(given: dict[str, str]) -> None:
    assert statistics_chart.address_of(given) is None


@pytest.mark.parametrize("number", view.PERIODS_DAYS)
def test_at_most_seven_days_are_named_below_the_bars(number: int) -> None:
    days = counting.days_until(LAST, number)

    assert 0 < len(statistics_chart.ticks(days)) <= 7
    assert set(statistics_chart.ticks(days)) <= set(days)


@pytest.mark.promise("Q18")
@pytest.mark.parametrize("errors_only", [False, True])
def test_the_csv_has_the_numbers_of_the_page(desk: Desk, admin: Caller, errors_only: bool) -> None:  # noqa: FBT001 - a case
    # given
    where = put_counts(desk, admin)
    page = view.page(desk, admin, where, 30)
    # when
    rows = list(csv.DictReader(io.StringIO(as_csv(page, errors_only=errors_only).decode("utf-8-sig"))))
    # then
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["Category"]] = sums.get(row["Category"], 0) + int(row["Messages"])
    shown = [each for each in page.bars if not errors_only or each in ERRORS]
    counts = {category.look(each).word: sum(bar.count for bar in page.bars[each]) for each in shown}
    assert sums == {word: count for word, count in counts.items() if count}
    assert {row["Connector"] for row in rows} == {sending.META}
    assert [row["Partner code"] for row in rows if row["Category"] == "Partner error"] == ["100"]


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (106, 100, "6.0 %"),
        (62, 100, "38 %"),
        (5, 0, None),
        (1000, 3, None),
        (100, 100, None),
        (1_000_001, 1_000_000, None),
    ],
)
def test_a_change_is_said_in_percent(now: int, before: int, said: str | None) -> None:
    assert statistics_cards.change(now, before) == said


def test_a_change_of_errors_is_never_green() -> None:
    assert [statistics_cards.color("red", now, 5) for now in (4, 5, 6)] == ["gray", "gray", "red"]
