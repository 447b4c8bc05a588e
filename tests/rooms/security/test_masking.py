"""What support and managers see of personal values."""

import pytest

from engine.security.masking import mask, mask_record, mask_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ana.visser@example.org", "ana.v…@…"),
        ("jo@example.org", "j…@…"),
        ("a@example.org", "…@…"),
        ("@", "…@…"),
        ("1234", "…"),
        ("Jo", "…"),
        ("00012345", "00…"),
        ("+31612345678", "+31…"),
        ("a very long value that says a lot about somebody", "a v…"),
        ("", ""),
        (None, None),
    ],
)
def test_a_value_is_cut_so_that_it_is_recognised_but_not_read(value: str | None, shown: str | None) -> None:
    assert mask(value) == shown


def test_addresses_and_long_numbers_inside_a_text_are_masked_and_its_words_stay() -> None:
    # given
    text = "report_ana.visser@example.org_2026.csv: 'x' is no date; call 06-12345678 about line 4711"
    # when
    shown = mask_text(text)
    # then
    assert "visser" not in shown and "12345678" not in shown
    assert shown.endswith("about line 4711") and "is no date" in shown


def test_of_a_whole_record_only_its_length_is_shown() -> None:
    assert mask_record("00012,Ana Visser,1990-01-01") == "… (27 characters)"
