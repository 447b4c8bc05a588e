"""A file that rejects too much, or takes too much of an audience away, waits for a person to say so."""

import pytest

from engine.actions import audiences as audience_actions
from engine.actions import runs as actions
from tests.fakes.shop import CALLER, LINES_MAPPINGS, Shop, age

HEADER = "id,name,points\n"
SETS = [LINES_MAPPINGS[0], {**LINES_MAPPINGS[1], "strategy": "set"}]


@pytest.mark.promise("M32")
def test_a_file_over_the_threshold_of_rejects_is_not_merged_and_the_next_file_is(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,x\n2,Ben,1\n3,Cleo,1\n4,Dan,1\n")
    shop.write("b.csv", HEADER + "5,Eve,1\n6,Fay,1\n7,Gus,x\n8,Hal,1\n9,Ida,1\n")
    shop.apply(rejected_percent_max=20)
    # when
    run = shop.run()
    # then
    assert run["state"] == "failed"
    assert run["error"]["category"] == "limit"
    assert "1 of 4 rows of a.csv were rejected, more than 20 %" in run["error"]["sentence"]
    assert shop.sql("SELECT list(customer_id ORDER BY customer_id) FROM dat.profile") == [(["5", "6", "8", "9"],)]
    assert shop.sql("SELECT count(*) FROM dat.reject WHERE file_name = 'a.csv'") == [(0,)]
    # and a person may want it all the same
    actions.import_anyway(shop.desk, CALLER, run["id"])
    shop.work()
    assert shop.count() == 7
    assert shop.sql("SELECT limits_waived_by FROM ctl.file WHERE name = 'a.csv'") == [(CALLER.name,)]


def test_a_file_that_would_take_too_much_of_an_audience_away_stops_and_asks(shop: Shop) -> None:
    # given
    path = shop.write("a.csv", HEADER + "1,Ana,9\n2,Ben,9\n3,Cleo,9\n")
    shop.apply(shrink_percent_max=40, mappings=SETS)
    shop.run()
    audience_actions.save(shop.desk, CALLER, None, "Rich", "points >= 5")
    shop.work()
    before = shop.sql("SELECT * FROM dat.profile ORDER BY ALL")
    # when one of three leaves: within the share
    path.write_text(HEADER + "1,Ana,1\n2,Ben,9\n3,Cleo,9\n")
    age(path)
    assert shop.run()["state"] == "completed"
    before = shop.sql("SELECT * FROM dat.profile ORDER BY ALL")
    # when both others leave
    path.write_text(HEADER + "1,Ana,1\n2,Ben,0\n3,Cleo,0\n")
    age(path)
    stopped = shop.run()
    # then
    assert (stopped["state"], stopped["error"]["category"]) == ("failed", "limit")
    assert stopped["error"]["sentence"].startswith(
        "Stopped: Rich would be empty: 2 of its 2 profiles would leave (100 %, limit 40 %). Nothing was merged."
    )
    assert shop.sql("SELECT * FROM dat.profile ORDER BY ALL") == before
    # and the same file is stopped again by itself, until a person says so
    assert shop.run()["state"] == "failed"
    last = shop.sql("SELECT run_id FROM ctl.run ORDER BY number DESC LIMIT 1")[0][0]
    actions.import_anyway(shop.desk, CALLER, last)
    shop.work()
    assert shop.sql("SELECT count(*) FROM dat.profile WHERE points = 0") == [(2,)]
    assert shop.sql("SELECT count(*) FROM dat.member") == [(0,)]
