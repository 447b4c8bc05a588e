"""The last stage of an import: audiences follow the profiles that it changed, and the run says what came of it."""

from engine.actions import audiences as actions
from engine.views import audiences as view
from engine.views import runs as run_views
from tests.fakes.shop import CALLER, Shop, age

FIRST = " customer_id  date number_of_cds  dollar_value\r\n 00001 19970101 1 900.00\r\n 00002 19970101 1 10.00\r\n"
SECOND = " 00002 19970201 1 800.00\r\n 00001 19970201 1 -700.00\r\n"


def stages(shop: Shop, run_id: str) -> list[tuple[str, str]]:
    """The run's stages, each with what it came to."""
    return [(stage.name, stage.summary) for stage in run_views.page(shop.desk, CALLER, run_id).stages]


def test_an_import_brings_its_audiences_up_to_date_and_says_who_came_and_went(shop: Shop) -> None:
    # given a run before there is an audience
    path = shop.write("CDNOW_1.txt", FIRST)
    shop.apply_cdnow()
    first = shop.run()
    assert "Audiences" not in dict(stages(shop, first["id"]))
    # when
    audience = actions.save(shop.desk, CALLER, None, "Big spenders", "spend >= 500")
    actions.save(shop.desk, CALLER, None, "Everybody", "customer_id has a value")
    shop.work()
    path.write_text(FIRST + SECOND, newline="")
    age(path)
    second = shop.run()
    # then one came, one went, and whoever stayed in the other is no news
    assert stages(shop, second["id"])[-1] == ("Audiences", "Big spenders 1 (+1 -1)")
    page = view.page(shop.desk, CALLER, audience.audience_id)
    assert (page.members, page.is_recomputing, page.problem) == (1, False, None)
    # when nothing new lies there
    third = shop.run()
    # then there is nothing to do
    assert "Audiences" not in dict(stages(shop, third["id"]))
