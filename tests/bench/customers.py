"""Makes the files of the import bench: rows of 12 columns with keys in random or in rising order, from a seed."""

import random
from pathlib import Path

HEADER = "id,day,visits,spend," + ",".join(f"text_{number}" for number in range(8)) + "\n"


def write(path: Path, customers: int, salt: int, *, is_shuffled: bool) -> None:
    """Write one row for each of the first `customers` ids; salt changes all values but the id."""
    keys = list(range(customers))
    if is_shuffled:
        random.Random(salt).shuffle(keys)
    with path.open("w", encoding="ascii") as file:
        file.write(HEADER)
        for key in keys:
            day = f"2026-{1 + (key + salt) % 12:02d}-{1 + key % 28:02d}"
            cents = (key * 13 + salt) % 100_000
            texts = ",".join(f"value{number}-{(key * (number + 3) + salt) % 99_991:08d}" for number in range(8))
            file.write(f"{key:08d},{day},{(key * 7 + salt) % 100},{cents // 100}.{cents % 100:02d},{texts}\n")


def write_changed(source: Path, target: Path, each: int) -> int:
    """Copy a file that `write` made, with another last value in each `each`-th row; return how many rows differ."""
    changed = 0
    with source.open(encoding="ascii") as old, target.open("w", encoding="ascii") as new:
        new.write(next(old))
        for number, row in enumerate(old):
            is_changed = number % each == 0
            changed += is_changed
            new.write(f"{row[:-1]}*\n" if is_changed else row)
    return changed
