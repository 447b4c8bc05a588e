"""Keys in random order must not cost more than twice what rising keys cost; `make bench` runs this."""

from pathlib import Path

import pytest

from tests.bench import customers, importing
from tests.bench.measuring import in_turn, median, timed

_ROWS = 100_000
_ROUNDS = 3
_RATIO_MAX = 2.0


def _home_with_profiles(folder: Path, order: str) -> Path:
    """Make a home that holds a table of like size, its rows in this order."""
    customers.write(folder / f"{order}_before.csv", _ROWS, 1, is_shuffled=order == "random")
    customers.write(folder / f"{order}.csv", _ROWS, 2, is_shuffled=order == "random")
    importer = importing.Importer(folder / order)
    importer.apply()
    importer.take(folder / f"{order}_before.csv", "customers_1.csv")
    importer.close()
    return folder / order


@pytest.mark.bench
@pytest.mark.fault(131)
@pytest.mark.timeout(900)
def test_keys_in_random_order_take_at_most_twice_as_long_as_rising_ones(tmp_path: Path) -> None:
    # given
    homes = {order: _home_with_profiles(tmp_path, order) for order in ("random", "rising")}

    def measure(order: str) -> float:
        importing.copy_home(homes[order], tmp_path / "now")
        importer = importing.Importer(tmp_path / "now")
        wall_s = timed(lambda: importer.take(tmp_path / f"{order}.csv", "customers_2.csv"))
        importer.close()
        return wall_s

    # when
    found = in_turn(_ROUNDS, random=lambda: measure("random"), rising=lambda: measure("rising"))
    # then
    assert median(found["random"]) <= _RATIO_MAX * median(found["rising"])
