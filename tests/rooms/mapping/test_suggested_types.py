"""Types that are suggested for fields, by their values."""

import pytest

from engine.mapping import suggested_types
from storage.records.goals import PropertyType, ValueFormat


@pytest.mark.fault(85)
@pytest.mark.fault(87)
@pytest.mark.parametrize(
    ("field", "texts", "written", "kind"),
    [
        ("points", ["12", "-7", ""], ValueFormat(), PropertyType.INTEGER),
        ("points", ["012", "7"], ValueFormat(), PropertyType.TEXT),
        ("points", ["+31612345678"], ValueFormat(), PropertyType.TEXT),
        ("card", ["12345678901234567890"], ValueFormat(), PropertyType.TEXT),
        ("order_id", ["17"], ValueFormat(), PropertyType.TEXT),
        ("paid", ["11.70", "3"], ValueFormat(), PropertyType.DECIMAL),
        ("paid", ["1.234,50"], ValueFormat(decimal=",", thousands="."), PropertyType.DECIMAL),
        ("paid", ["1.234,50"], ValueFormat(), PropertyType.TEXT),
        ("opted", ["yes", "No"], ValueFormat(), PropertyType.BOOLEAN),
        ("stores", ["AMS|UTR", "AMS"], ValueFormat(multi_value="|"), PropertyType.LIST),
        ("number_of_orders", ["17"], ValueFormat(), PropertyType.INTEGER),
        ("born", ["01/02/2026"], ValueFormat(), PropertyType.TEXT),
        ("born", ["20260102"], ValueFormat(), PropertyType.TEXT),
        ("born", ["01/02/2026"], ValueFormat(date="%d/%m/%Y"), PropertyType.DATE),
        ("born", ["13/13/2026"], ValueFormat(date="%d/%m/%Y"), PropertyType.TEXT),
        ("seen", ["2026-11-21T10:30:00Z"], ValueFormat(date_time="ISO 8601"), PropertyType.DATE_TIME),
        ("empty", ["", " "], ValueFormat(), PropertyType.TEXT),
    ],
)
def test_a_suggested_type_loses_nothing_and_guesses_no_date(
    field: str, texts: list[str], written: ValueFormat, kind: PropertyType
) -> None:
    assert suggested_types.of(field, texts, written) is kind
