"""Files whose names look like patterns or like SQL are read like any other, and only they."""

import pytest

from tests.fakes.shop import Shop


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
