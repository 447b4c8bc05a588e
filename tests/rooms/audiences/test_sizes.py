"""How large an audience was on each day, from the changes of its size."""

from datetime import date, datetime

from engine.audiences import sizes
from storage.records.audiences import MemberCount

TODAY = date(2026, 11, 21)


def change(day: int, hour: int, members: int, entered: int, left: int) -> MemberCount:
    return MemberCount(datetime(2026, 11, day, hour), members, entered, left)


def test_a_day_without_a_change_keeps_the_size_before_it() -> None:
    changes = [change(18, 9, 12, 4, 2), change(18, 23, 15, 3, 0), change(20, 0, 14, 0, 1)]
    assert sizes.by_day(changes, 14, TODAY, 5) == (10, 15, 15, 14, 14)


def test_an_audience_that_never_changed_has_one_size_on_all_days() -> None:
    assert sizes.by_day([], 7, TODAY, 3) == (7, 7, 7)
    assert sizes.by_day([change(21, 1, 3, 3, 0)], 3, TODAY, 3) == (0, 0, 3)


def test_only_moves_of_today_count_and_who_came_and_went_counts_twice() -> None:
    changes = [change(20, 23, 10, 5, 0), change(21, 0, 12, 2, 0), change(21, 9, 10, 0, 2)]
    assert sizes.moved(changes, TODAY) == (2, 2)
    assert sizes.moved(changes[:1], TODAY) == (0, 0)
