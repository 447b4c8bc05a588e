"""Applying a file is all or nothing: what one of its connections makes is known to those after it."""

import pytest

from engine import verbs
from engine.base.errors import BadInput
from tests.fakes.shop import CALLER, NAME, Shop, wanted

HEADER = "id,name,points\n"


def test_two_connections_of_one_file_that_disagree_on_a_property_are_both_refused(shop: Shop) -> None:
    # given
    [first] = wanted(shop.server)["connections"]
    points = [{"field": "points", "property": "points", "type": "decimal", "strategy": "sum"}]
    [second] = wanted(shop.server, mappings=points)["connections"]
    # when
    with pytest.raises(BadInput, match="other: Property points holds integer; 'points' gives decimal"):
        verbs.do(shop.desk, CALLER, "apply", {"wanted": {"connections": [first, {**second, "name": "other"}]}})
    # then
    assert shop.sql("SELECT count(*) FROM ctl.connection") == [(0,)]
    assert shop.sql("SELECT count(*) FROM ctl.property") == [(0,)]


def test_a_property_that_repeats_cannot_become_an_identifier_and_nothing_of_the_file_is_applied(shop: Shop) -> None:
    # given: two people of one name
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ana,5\n")
    shop.apply()
    shop.run()
    [changed] = wanted(shop.server, files="*.txt")["connections"]
    [by_name] = wanted(shop.server, identifiers=[{"field": "name", "property": "name"}], mappings=[])["connections"]
    # when
    with pytest.raises(BadInput, match="name cannot link rows: 1 values occur in more than one profile"):
        verbs.do(shop.desk, CALLER, "apply", {"wanted": {"connections": [changed, {**by_name, "name": "other"}]}})
    # then
    assert shop.sql("SELECT name FROM ctl.connection") == [(NAME,)]
    assert shop.sql("SELECT max(version) FROM ctl.goal") == [(1,)]
