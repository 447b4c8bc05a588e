"""What the pages of statistics and errors read equals what was sent, and each role sees its part of it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.actions import configurations as configuration_actions
from engine.actions import replays
from engine.base import clock, errors
from engine.flows.desk import Desk
from engine.views import failures, statistics
from engine.views.failures import Asked
from storage.records.deliveries import Answer, BatchState, DeliveryCategory
from storage.records.people import Caller, Role
from storage.tables import audit
from tests.fakes import home
from tests.pages import sending
from tests.pages.sending import TODAY, Sending

CODE, TIMEOUT = DeliveryCategory.PARTNER_CODE, DeliveryCategory.TIMEOUT
SENT, REMOVED = DeliveryCategory.SENT, DeliveryCategory.REMOVED


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "home").mkdir()
    with home.open_home(tmp_path / "home") as opened, sending.at(TODAY):
        yield opened


@pytest.fixture
def admin(desk: Desk) -> Caller:
    return home.first_admin(desk)


@pytest.fixture
def failed(desk: Desk, admin: Caller, tmp_path: Path) -> Sending:
    """37 profiles whose batch the partner refused."""
    begun = sending.begin(desk, admin, tmp_path / "files", 37)
    sending.answer(desk, sending.refused(100, "Invalid parameter for 00012"))
    return begun


def group_of(desk: Desk, caller: Caller, asked: Asked | None = None) -> tuple[str, ...]:
    """Return the failures of the only group."""
    (line,) = failures.listed(desk, caller, asked or Asked()).lines
    return line.group.failure_ids


@pytest.mark.promise("Q01")
@pytest.mark.parametrize("days", statistics.PERIODS_DAYS)
def test_the_sums_of_a_period_equal_a_count_in_sql(desk: Desk, admin: Caller, days: int) -> None:
    # given
    one, two = (sending.add_connector(desk, admin, name) for name in ("One", "Two"))
    counts = [
        (where, TODAY - timedelta(days=back), category, "100" if category is CODE else "", back + number)
        for back in range(120)
        for number, where in enumerate((one, two), 1)
        for category in (SENT, REMOVED, CODE, TIMEOUT)
    ]
    sending.add_counts(desk, *counts)
    first = TODAY.date() - timedelta(days=days - 1)
    for where in (one, two, None):
        # when
        page = statistics.page(desk, admin, where, days)
        # then
        with desk.database.read() as cursor:
            rows = cursor.execute(
                "SELECT category, sum(n)::BIGINT FROM ctl.delivery_stat "
                "WHERE day >= ? AND configuration_id = coalesce(?, configuration_id) GROUP BY 1",
                [first, where],
            ).fetchall()
        told = dict(rows)
        assert len(page.days) == days and page.days[-1] == TODAY.date()
        assert {
            each.value: sum(bar.count for bar in bars)
            for each, bars in page.bars.items()
            if any(bar.count for bar in bars)
        } == told
        assert (page.totals.sent, page.totals.removed) == (told["sent"], told["removed"])
        assert page.totals.errors == sum(row.count for row in page.codes) == told["partner_code"] + told["timeout"]
        assert sum(row.count for row in page.rows) == sum(told.values())


def test_the_period_before_is_as_long_and_just_before(desk: Desk, admin: Caller) -> None:
    # given
    where = sending.add_connector(desk, admin)
    for back, count in ((0, 1), (6, 10), (7, 100), (13, 1_000), (14, 10_000)):
        sending.add_counts(desk, (where, TODAY - timedelta(days=back), SENT, "", count))
    # when
    page = statistics.page(desk, admin, where, 7)
    # then
    assert (page.totals.sent, page.before.sent) == (11, 1_100)


@pytest.mark.promise("Q02")
def test_a_batch_of_500_profiles_counts_500(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 500)
    assert statistics.page(desk, admin).waiting in (0, 500)
    # when
    calls = sending.answer(desk)
    # then
    page = statistics.page(desk, admin)
    assert (calls, page.totals.sent, page.waiting) == (1, 500, 0)


def test_what_waits_for_another_try_is_waiting_and_no_error_yet(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 5)
    # when
    sending.answer(desk, sending.slow())
    # then
    page, listed = statistics.page(desk, admin), failures.listed(desk, admin, Asked())
    assert (page.waiting, page.totals.errors, listed.lines) == (5, 0, ())
    assert [(line.name, line.retry.messages, line.retry.tries_max) for line in listed.retries] == [(sending.META, 5, 1)]


def test_what_is_answered_moves_the_moment_also_when_nothing_is_on_its_way(
    desk: Desk, admin: Caller, tmp_path: Path
) -> None:
    # given
    begun = sending.begin(desk, admin, tmp_path / "files", 5)
    before = statistics.moment(desk, admin, begun.configuration_id)
    # when
    sending.answer(desk)
    # then
    assert (before, statistics.moment(desk, admin, begun.configuration_id)) == ((0, 0), (0, 5))
    assert statistics.page(desk, admin, begun.configuration_id).moment == (0, 5)


def test_held_messages_wait_but_are_not_on_their_way(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    begun = sending.begin(desk, admin, tmp_path / "files", 5)
    sending.answer(desk, sending.slow())
    assert statistics.moment(desk, admin) == statistics.page(desk, admin).moment
    assert statistics.moment(desk, admin)[0] == 5
    # when
    configuration_actions.deactivate(desk, admin, begun.configuration_id)
    # then
    assert statistics.moment(desk, admin, begun.configuration_id)[0] == 0
    assert statistics.page(desk, admin).waiting == 5


def test_the_code_table_says_what_a_code_means_and_where_the_partner_lists_it(
    desk: Desk, admin: Caller, failed: Sending
) -> None:
    (row,) = statistics.page(desk, admin, failed.configuration_id).codes

    assert (row.partner, row.code, row.count, row.last_at) == ("Meta", "100", 37, TODAY)
    assert row.meaning.startswith("Meta")
    assert row.reference.startswith("https://")


@pytest.mark.promise("Q16")
def test_statistics_stay_when_a_connector_is_deactivated_or_deleted(desk: Desk, admin: Caller, failed: Sending) -> None:
    # when
    configuration_actions.deactivate(desk, admin, failed.configuration_id)
    # then
    assert statistics.page(desk, admin, failed.configuration_id).totals.errors == 37
    # when
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.configuration SET deleted_at = ?", [TODAY])
    # then
    page = statistics.page(desk, admin, failed.configuration_id)
    assert page.totals.errors == 37
    assert [(choice.name, choice.is_deleted) for choice in page.choices] == [(sending.META, True)]


@pytest.mark.usefixtures("failed")
def test_a_replay_splits_the_old_bar_and_counts_on_its_own_day(desk: Desk, admin: Caller) -> None:
    # given
    group = group_of(desk, admin)
    assert failures.drawer(desk, admin, group).current == 37
    # when
    with sending.at(TODAY + timedelta(days=2)):
        assert replays.replay(desk, admin, group) == 37
        going = failures.progress(desk, admin, group)
        sending.answer(desk)
        page, ended = statistics.page(desk, admin, days=7), failures.progress(desk, admin, group)
        again = replays.replay(desk, admin, group)
    # then
    assert (going.going, going.recovered) == (37, 0)
    assert (ended.going, ended.recovered, ended.failed_again) == (0, 37, 0)
    assert [(bar.count, bar.recovered) for bar in page.bars[CODE]] == [(0, 0)] * 4 + [(37, 37), (0, 0), (0, 0)]
    assert [bar.count for bar in page.bars[SENT]] == [0] * 6 + [37]
    assert again == 0
    with desk.database.read() as cursor:
        said = [entry.did for entry in audit.all_entries(cursor)]
        states = cursor.execute("SELECT state, sum(size)::BIGINT FROM ctl.batch GROUP BY ALL ORDER BY ALL").fetchall()
    assert said.count("replayed") == 2
    assert states == [(BatchState.FAILED.value, 37), (BatchState.SENT.value, 37)]


@pytest.mark.usefixtures("failed")
def test_a_replay_that_fails_again_is_a_failure_of_its_own(desk: Desk, admin: Caller) -> None:
    # given
    group = group_of(desk, admin)
    replays.replay(desk, admin, group)
    # when
    sending.answer(desk, sending.refused(2655, "Terms"))
    # then
    assert failures.progress(desk, admin, group).failed_again == 37
    assert failures.drawer(desk, admin, group).refusal is not None
    (line,) = failures.listed(desk, admin, Asked()).lines
    assert (line.group.code, line.group.count, line.group.open_count) == ("2655", 37, 37)


@pytest.mark.promise("Q17")
def test_only_those_who_failed_are_listed_each_once(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 120)
    named = tuple(f"{number:05d}" for number in range(40, 77))
    sending.answer(desk, sending.not_taken(120, named))
    # when
    group = group_of(desk, admin, Asked(category=CODE, day=TODAY.date()))
    drawer = failures.drawer(desk, admin, group)
    pages = [failures.profiles(desk, admin, group, start, 10) for start in range(0, 40, 10)]
    # then
    assert (drawer.rows, drawer.current, drawer.refusal) == (37, 37, None)
    assert tuple(sorted(line.identifier for lines in pages for line in lines)) == named
    assert [len(lines) for lines in pages] == [10, 10, 10, 7]


def test_what_is_not_current_any_more_is_listed_but_not_replayed(desk: Desk, admin: Caller, failed: Sending) -> None:
    # given
    group = group_of(desk, admin)
    # when
    sending.change_rule(desk, admin, failed, "spend >= 5000")
    # then
    drawer = failures.drawer(desk, admin, group)
    assert (drawer.rows, drawer.current) == (37, 0)
    assert drawer.refusal is not None and "current" in drawer.refusal
    assert not any(line.is_current for line in failures.profiles(desk, admin, group, 0, 50))


def test_a_deactivated_connector_says_why_nothing_can_be_replayed(desk: Desk, admin: Caller, failed: Sending) -> None:
    # given
    configuration_actions.deactivate(desk, admin, failed.configuration_id)
    group = group_of(desk, admin)
    # then
    assert failures.drawer(desk, admin, group).refusal == f"{sending.META} is deactivated; activate it first."
    with pytest.raises(errors.GiveUp):
        replays.replay(desk, admin, group)


@pytest.mark.promise("Q06")
def test_an_answer_that_nobody_knows_is_other_with_the_raw_answer_at_hand(
    desk: Desk, admin: Caller, tmp_path: Path
) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 3)
    # when
    sending.answer(desk, Answer(418, "I am a teapot", 90))
    # then
    group = group_of(desk, admin, Asked(category=DeliveryCategory.OTHER))
    drawer = failures.drawer(desk, admin, group)
    assert (drawer.newest.status, drawer.newest.answer, drawer.rows) == (418, "I am a teapot", 3)
    assert drawer.said.meaning and drawer.said.likely_cause and drawer.said.what_next


def test_support_sees_failures_masked_and_an_analyst_raw(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    sending.begin(desk, admin, tmp_path / "files", 20)
    sending.answer(desk, sending.not_taken(20, ("00007", "00008")))
    support = home.add_person(desk, admin, Role.SUPPORT)
    group = group_of(desk, support)
    # then
    raw, masked = failures.drawer(desk, admin, group), failures.drawer(desk, support, group)
    assert "00007" in raw.newest.answer and "00007" not in masked.newest.answer
    assert json.loads(masked.newest.answer)["num_invalid_entries"] == 2
    assert [line.identifier for line in failures.profiles(desk, admin, group, 0, 9)] == ["00007", "00008"]
    assert {line.identifier for line in failures.profiles(desk, support, group, 0, 9)} == {"0…"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"00012": "invalid", "code": 100}', '{"0…": "invalid", "code": 100}'),
        ('{"x": ["00012", "00013"], "cut', '{"x": ["0…", "00013"], "cut'),
        ("ana.vos@example.org is unknown", "ana…@… is unknown"),
        ("", ""),
    ],
)
def test_an_answer_is_masked_where_it_quotes_what_was_sent(text: str, shown: str) -> None:
    assert failures.masked_answer(text, {"00012"}) == shown


def test_a_hashed_identifier_is_shortened_for_everybody() -> None:
    assert failures._shown("ab" * 32, is_raw=True) == "SHA-256 abababab…"


def test_the_list_keeps_to_what_is_asked(desk: Desk, admin: Caller, failed: Sending) -> None:
    # given
    other = sending.add_connector(desk, admin, "Another")
    day = TODAY.date()
    none = [
        Asked(configuration_id=other),
        Asked(category=TIMEOUT),
        Asked(code=""),
        Asked(day=date(2026, 11, 20)),
        Asked(code="190"),
    ]
    some = [Asked(), Asked(failed.configuration_id), Asked(category=CODE), Asked(code="100"), Asked(day=day)]
    # then
    assert [len(failures.listed(desk, admin, asked).lines) for asked in none] == [0] * 5
    assert [len(failures.listed(desk, admin, asked).lines) for asked in some] == [1] * 5
    with sending.at(clock.now() + timedelta(days=7)):
        assert not failures.listed(desk, admin, Asked(days=7)).lines
        assert failures.listed(desk, admin, Asked(days=30)).lines


def test_failures_that_are_gone_are_told_in_one_sentence(desk: Desk, admin: Caller) -> None:
    with pytest.raises(errors.GiveUp, match="not there any more"):
        failures.drawer(desk, admin, ["nothing"])
