"""The demo's shop: its files have CDNOW's shape, and say what its customers' sums say."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as make

from engine.demo.shop import BIG_SPENDER, HEADER, Shop

DAY = date(2026, 3, 2)
few = make.integers(min_value=0, max_value=12)


def sums(*files: bytes) -> dict[int, Decimal]:
    """Add up files as an import does."""
    found: Counter[int] = Counter()
    for content in files:
        header, *lines = content.decode("ascii").split("\r\n")
        assert (header, lines.pop()) == (HEADER, "")
        for line in lines:
            customer, day, cds, value = line.split()
            assert (len(customer), len(day), bool(int(cds))) == (5, 8, True), line
            found[int(customer)] += Decimal(value)  # type: ignore[assignment]  # a Counter adds any number
    return {number: Decimal(value) for number, value in found.items()}


def big(found: dict[int, Decimal]) -> set[int]:
    return {number for number, value in found.items() if value >= BIG_SPENDER}


@given(seed=make.integers(min_value=0, max_value=1000), deliveries=make.lists(make.tuples(few, few, few), max_size=6))
def test_files_add_up_to_what_the_shop_knows(seed: int, deliveries: list[tuple[int, int, int]]) -> None:
    # given
    shop = Shop(seed)
    files = [shop.opening(DAY, 150)]
    # when
    for number, (entering, leaving, others) in enumerate(deliveries, 1):
        before = big(sums(*files))
        files.append(shop.delivery(DAY + timedelta(days=number), entering, leaving, others))
        after = big(sums(*files))
        # then
        assert len(after - before) == entering
        assert len(before - after) <= leaving
    assert sums(*files) == {one.number: one.spend for one in shop.customers}


def test_the_same_seed_gives_the_same_files() -> None:
    def files() -> list[bytes]:
        shop = Shop(7)
        return [shop.opening(DAY, 50), shop.delivery(DAY, 3, 3, 10, 2)]

    assert files() == files()


def test_loyal_customers_stay() -> None:
    # given
    shop = Shop(1)
    files = [shop.opening(DAY, 400)]
    before = big(sums(*files))
    files.append(shop.delivery(DAY, 37, 5, 20, are_loyal=True))
    loyal = big(sums(*files)) - before
    # when
    files += [shop.delivery(DAY + timedelta(days=number), 5, 15, 30) for number in range(1, 40)]
    # then
    assert len(loyal) == 37
    assert loyal <= big(sums(*files))


def test_damaged_rows_stand_at_the_end_and_change_no_sum() -> None:
    # given
    shop = Shop(1)
    opening = shop.opening(DAY, 100)
    # when
    lines = shop.delivery(DAY, 2, 1, 5, 4).decode().split("\r\n")
    # then
    whole = "\r\n".join([*lines[:-5], ""]).encode()
    assert lines[-5].startswith(" 00017 20261399")
    assert sums(opening, whole) == {one.number: one.spend for one in shop.customers}
