"""Files and properties whose names look like patterns or like SQL are treated like any other, and only they."""

from pathlib import Path

import pytest

from engine.partners.simulator import Simulator
from storage.database import name_literal
from storage.records.goals import Property, PropertyType
from storage.tables import profiles
from tests.fakes.audience import START, Person, Sender
from tests.fakes.home import open_home
from tests.fakes.partner import simulator
from tests.fakes.shop import Shop

__all__ = ["simulator"]


@pytest.mark.fault(92)
@pytest.mark.fault(94)
def test_only_the_named_file_is_read_whatever_its_name(shop: Shop) -> None:
    # given: names that a reader of patterns or of key=value folders would take for something else
    names = ["*.csv", "[ab].csv", "a.csv", "id=999.csv", "a'b.csv", '"; DROP TABLE x; --.csv', "{a,b}.csv", "é ü.csv"]
    for number, name in enumerate(names):
        shop.write(name, f"id,name,points\n{number},{number},1\n{number},{number},2\n")
    shop.apply(files="*")
    # when
    run = shop.run()
    # then
    assert run["files"] == {"taken": len(names), "unchanged": 0}
    assert (run["rows"]["read"], run["rows"]["applied"]) == (2 * len(names), 2 * len(names))
    assert shop.sql("SELECT customer_id, name, points FROM dat.profile ORDER BY 1") == [
        (str(number), str(number), 3) for number in range(len(names))
    ]
    assert {name for (name,) in shop.sql("SELECT file_name FROM dat.file_seen")} == set(names)


@pytest.mark.parametrize("name", ["identifier", "said", "number", "profile", "is_add", 'a"b', "i0", "select 1; --"])
@pytest.mark.parametrize("sends_current", [True, False])
def test_an_audience_goes_out_whatever_its_properties_are_called(
    tmp_path: Path, simulator: Simulator, name: str, *, sends_current: bool
) -> None:
    # given: a rule about the property, told by it or by another one while the property is empty
    with open_home(tmp_path) as desk:
        sender = Sender(desk, simulator.base_url())
        profiles.add_properties(desk.database, [Property(name, PropertyType.TEXT, is_unique=True)], START)
        sender.put(Person(1, 600), Person(2, 600))
        column = name_literal(name)
        with desk.database.write("dat") as cursor:
            cursor.execute(f"UPDATE dat.profile SET {column} = 'X''1' WHERE profile_id = 1")  # noqa: S608 - a fixed list
        named = sender.audience(f"{name_literal(name)} has a value", "Named")
        spending = sender.audience()
        by_name, by_id = sender.configure("By name"), sender.configure("By id", audience_id="9")
        # when
        sender.link(named, by_name, by=name, sends_current=sends_current)
        sender.link(spending, by_id, sends_current=sends_current)
        sender.send()
        # then
        told = {"123": ["X'1"], "9": ["C00001", "C00002"]} if sends_current else {}
        assert {key: sorted(found) for key, found in simulator.audiences().items()} == told
        assert sender.sql("SELECT count(*) FROM dat.told") == [(3,)]
