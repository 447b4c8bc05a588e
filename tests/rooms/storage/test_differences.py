"""Two large sets of numbers are told apart by sorting: what stands in the one alone and in the other alone."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.tables import differences

NUMBERS = st.lists(st.integers(0, 9) | st.integers(0, 2**63 - 1), max_size=30)


def array(numbers: list[int]) -> differences.Numbers:
    return np.array(numbers, np.uint64)


@given(these=NUMBERS, those=st.lists(st.integers(0, 9) | st.integers(0, 2**63 - 1), max_size=30, unique=True))
def test_it_gives_what_python_s_sets_give_whatever_is_repeated_in_the_first(these: list[int], those: list[int]) -> None:
    [(alone_here, alone_there)] = differences.apart([(array(these), array(those))])
    assert sorted(alone_here.tolist()) == sorted(set(these) - set(those))
    assert sorted(alone_there.tolist()) == sorted(set(those) - set(these))


def test_large_sets_are_told_apart_side_by_side_each_by_itself() -> None:
    # given
    chance = random.Random(7)
    pairs = []
    for _ in range(3):
        shared = chance.sample(range(10**9), 60_000)
        pairs.append((array(shared[1_000:]), array(shared[:59_000])))
    assert sum(len(one) + len(other) for one, other in pairs) > differences._ONE_BY_ONE_MAX
    # when
    found = differences.apart(pairs)
    # then
    for (these, those), (alone_here, alone_there) in zip(pairs, found, strict=True):
        assert set(alone_here.tolist()) == set(these.tolist()) - set(those.tolist())
        assert set(alone_there.tolist()) == set(those.tolist()) - set(these.tolist())
        assert len(alone_here) == len(alone_there) == 1_000


@pytest.mark.parametrize("few", [[], [5], [5, 2**63 - 1], [1, 2, 3]])
def test_places_are_where_one_of_the_few_stands(few: list[int]) -> None:
    numbers = array([5, 2**63 - 1, 7, 5, 0])
    assert differences.places(numbers, array(few)).tolist() == [
        place for place, number in enumerate(numbers.tolist()) if number in few
    ]
