"""The rule of an audience: what is typed is read as it is meant, or refused in one sentence; never read as another."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.audiences import rule
from engine.base import errors, limits
from storage.records.audiences import Condition, Operator
from storage.records.goals import Property, PropertyType

TEXT, INTEGER, DECIMAL, DATE, DATE_TIME, BOOLEAN, LIST = PropertyType
KNOWN = {
    item.name.lower(): item
    for item in (
        Property("customer_id", TEXT, is_unique=True),
        Property("loy_tier", TEXT, is_unique=False),
        Property("Full name", TEXT, is_unique=False),
        Property('12" singles', INTEGER, is_unique=False),
        Property("cds", INTEGER, is_unique=False),
        Property("spend", DECIMAL, is_unique=False),
        Property("last_purchase", DATE, is_unique=False),
        Property("seen_at", DATE_TIME, is_unique=False),
        Property("newsletter", BOOLEAN, is_unique=False),
        Property("tags", LIST, is_unique=False),
    )
}


def read(text: str) -> Condition:
    return rule.parse(text, KNOWN)


def refusal(text: str) -> str:
    with pytest.raises(errors.BadInput) as caught:
        read(text)
    assert caught.value.field == "rule"
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "operator", "value"),
    [
        ("spend >= 500", "spend", Operator.AT_LEAST, Decimal(500)),
        ("  spend>=500  ", "spend", Operator.AT_LEAST, Decimal(500)),
        ("SPEND ≥ 500.50", "spend", Operator.AT_LEAST, Decimal("500.50")),
        ("spend > -0.5", "spend", Operator.MORE, Decimal("-0.5")),
        ("spend < .5", "spend", Operator.LESS, Decimal("0.5")),
        ("spend <= +7.", "spend", Operator.AT_MOST, Decimal(7)),
        ("cds == 3", "cds", Operator.EQUAL, 3),
        ("cds <> 3.0", "cds", Operator.NOT_EQUAL, 3),
        ("cds ≠ 007", "cds", Operator.NOT_EQUAL, 7),
        ('cds >= "12"', "cds", Operator.AT_LEAST, 12),
        ("cds = 9223372036854775807", "cds", Operator.EQUAL, 2**63 - 1),
        ("last_purchase ≤ 1997-02-01", "last_purchase", Operator.AT_MOST, date(1997, 2, 1)),
        ("last_purchase < '1997-02-01'", "last_purchase", Operator.LESS, date(1997, 2, 1)),
        ("loy_tier = gold", "loy_tier", Operator.EQUAL, "gold"),
        ("loy_tier != gold and silver", "loy_tier", Operator.NOT_EQUAL, "gold and silver"),
        ('loy_tier = "  gold = silver and cds > 3 "', "loy_tier", Operator.EQUAL, "  gold = silver and cds > 3 "),
        ('loy_tier="12"" vinyl"', "loy_tier", Operator.EQUAL, '12" vinyl'),
        ("customer_id = 00042", "customer_id", Operator.EQUAL, "00042"),
        ('"Full name" = Zoë van der Meer', "Full name", Operator.EQUAL, "Zoë van der Meer"),
        ('"12"" singles" > 2', '12" singles', Operator.MORE, 2),
        ("customer_id has a value", "customer_id", Operator.HAS_VALUE, None),
        ('"full NAME"has  No\tvalue', "Full name", Operator.HAS_NO_VALUE, None),
        ("seen_at > 2026-11-21 10:30", "seen_at", Operator.MORE, datetime(2026, 11, 21, 10, 30)),
        ("seen_at = 2026-11-21T10:30:00.5Z", "seen_at", Operator.EQUAL, datetime(2026, 11, 21, 10, 30, 0, 500_000)),
        ("seen_at <= 2026-11-21 01:30+02:00", "seen_at", Operator.AT_MOST, datetime(2026, 11, 20, 23, 30)),
        ("seen_at >= 2026-11-21", "seen_at", Operator.AT_LEAST, datetime(2026, 11, 21)),
        ("seen_at < '2026-11-21'", "seen_at", Operator.LESS, datetime(2026, 11, 21)),
        ("newsletter = TRUE", "newsletter", Operator.EQUAL, True),
        ("newsletter != yes", "newsletter", Operator.NOT_EQUAL, True),
        ("newsletter=0", "newsletter", Operator.EQUAL, False),
        ("tags has gold", "tags", Operator.HAS, "gold"),
        ("TAGS  HAS  NOT gold fish", "tags", Operator.HAS_NOT, "gold fish"),
        ("tags has notes", "tags", Operator.HAS, "notes"),
        ('tags has "not gold"', "tags", Operator.HAS, "not gold"),
        ('tags has"a value"', "tags", Operator.HAS, "a value"),
        ("tags has a value", "tags", Operator.HAS_VALUE, None),
    ],
)
def test_what_people_type_is_read_as_they_mean_it(text: str, name: str, operator: Operator, value: object) -> None:
    condition = read(text)
    assert (condition.property, condition.operator, condition.value) == (name, operator, value)
    assert type(condition.value) is type(value)
    assert condition.type is KNOWN[name.lower()].type


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Everyone would be in: write a rule, like spend >= 500."),
        (" \n", "Everyone would be in: write a rule, like spend >= 500."),
        ("spend", "“spend” is not a rule; write it like spend >= 500."),
        ("spend has values", "“spend has values” is not a rule"),
        ("spendhas a value", "is not a rule"),
        ("spend ! 3", "is not a rule"),
        ("spend >=", "“spend” is compared with nothing"),
        ("spnd >= 500", "There is no property “spnd”; there is: customer_id, loy_tier"),
        ("spend >= lots", "spend is compared with “lots”; it needs a number, like 499.95, with at most 10 places."),
        ("spend >= 1,000", "it needs a number"),
        ("spend => 500", "spend is compared with “> 500”"),
        ("spend >= 1e3", "it needs a number"),
        ("spend >= NaN", "it needs a number"),
        ("spend >= ٣", "it needs a number"),
        ("spend >= 0.00000000001", "at most 10 places"),
        (f"spend >= 1{'0' * 28}", "it needs a number"),
        ("cds > 2.5", "cds is compared with “2.5”; it needs a whole number below 2^63."),
        ("cds > 9223372036854775808", "a whole number below 2^63"),
        (
            "last_purchase > 1997-02-30",
            "last_purchase is compared with “1997-02-30”; it needs a date, like 2026-11-21.",
        ),
        ("last_purchase > 01/02/1997", "it needs a date"),
        ("loy_tier => gold", "“> gold” begins with a sign or holds a quote; put the value into double quotes."),
        ("loy_tier = 'gold'", "put the value into double quotes"),
        ('loy_tier = 12" vinyl', "put the value into double quotes"),
        ('loy_tier = "gold', 'The quotes of “"gold” do not match'),
        ('loy_tier = "a"b"', "do not match"),
        ('loy_tier = ""', "Nobody has an empty loy_tier; write loy_tier has no value."),
        ("spend >= 500 and cds > 3", "“500 and cds > 3” is more than one value: a rule holds one comparison"),
        ("loy_tier = gold or loy_tier = silver", "a rule holds one comparison"),
        ("loy_tier = gold && customer_id has a value", "a rule holds one comparison"),
        (
            "seen_at > 2026-11-21",
            "seen_at is compared with “2026-11-21”; it needs a date and a time in UTC, like 2026-11-21 10:30.",
        ),
        ("seen_at = 2026-11-21", "it needs a date and a time in UTC"),
        ("seen_at >= 0001-01-01 00:00+05:00", "it needs a date and a time in UTC"),
        ("seen_at >= yesterday", "it needs a date and a time in UTC"),
        ("newsletter = perhaps", "newsletter is compared with “perhaps”; it needs true or false."),
        ("newsletter > false", "newsletter is true or false and has no order; write newsletter = true."),
        ("tags = gold", "tags is a list; write tags has gold, or tags has not gold."),
        ("tags has", "“tags has” is not a rule"),
        ("tags has not", "“tags” is compared with nothing"),
        ("tags has gold and tags has silver", "a rule holds one comparison"),
        ('tags has "', "do not match"),
        ("loy_tier has gold", "“loy_tier has gold” is not a rule"),
        (f"loy_tier = {'x' * limits.RULE_CHARACTERS_MAX}", "This rule has 2,011 characters; shorten it to 2,000."),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence_that_says_what_is_wrong(text: str, said: str) -> None:
    sentence = refusal(text)
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_long_rule_is_quoted_short_and_a_missing_property_without_any_says_what_to_do() -> None:
    # when
    sentence = refusal("x" * 1_000)
    # then
    assert len(sentence) < 200
    # when
    with pytest.raises(errors.BadInput) as caught:
        rule.parse("spend >= 500", {})
    # then
    assert str(caught.value) == "There is no property “spend”; none yet, so map a file first."


def test_blanks_that_would_take_a_backtracking_reader_minutes_take_no_time() -> None:
    # given a value with blanks in every place, and a name that is none
    blanks = " " * (limits.RULE_CHARACTERS_MAX - 100)
    # then
    assert read(f"loy_tier = a{blanks}b").value == f"a{blanks}b"
    assert "is not a rule" in refusal(f"loy_tier{blanks}b")
    assert "shorten it" in refusal("a = b" + " b" * 1_000_000)


VALUES: dict[PropertyType, some.SearchStrategy[Any]] = {
    TEXT: some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    INTEGER: some.integers(-(2**63), 2**63 - 1),
    DECIMAL: some.decimals(
        min_value=Decimal(-9999999999999999999999999999),
        max_value=Decimal(9999999999999999999999999999),
        places=10,
        allow_nan=False,
    ),
    DATE: some.dates(),
    DATE_TIME: some.datetimes(),
    BOOLEAN: some.booleans(),
}
VALUES[LIST] = VALUES[TEXT]
COMPARED = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
COMPARED_OF = {BOOLEAN: (Operator.EQUAL, Operator.NOT_EQUAL), LIST: (Operator.HAS, Operator.HAS_NOT)}


@some.composite
def conditions(draw: some.DrawFn) -> tuple[Condition, dict[str, Property]]:
    """Any condition over any property, and the properties there are."""
    name = draw(some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
    kind = draw(some.sampled_from(PropertyType))
    known = {name.lower(): Property(name, kind, is_unique=False)}
    if draw(some.booleans()):
        return Condition(name, kind, draw(some.sampled_from((Operator.HAS_VALUE, Operator.HAS_NO_VALUE))), None), known
    operator = draw(some.sampled_from(COMPARED_OF.get(kind, COMPARED)))
    return Condition(name, kind, operator, draw(VALUES[kind])), known


@given(conditions())
def test_a_condition_that_is_said_is_read_back_the_same(made: tuple[Condition, dict[str, Property]]) -> None:
    condition, known = made
    assert rule.parse(rule.say(condition), known) == condition


@given(some.text(max_size=40) | some.text('tags hanotg" ', max_size=40))
def test_any_text_is_read_or_refused_and_what_is_read_can_be_said(text: str) -> None:
    try:
        condition = read(text)
    except errors.BadInput:
        return
    assert read(rule.say(condition)) == condition


@given(
    some.sampled_from(["spend", "cds", "loy_tier", "Full name", "last_purchase", "seen_at", "newsletter", "tags"]),
    some.sampled_from((*COMPARED, Operator.HAS, Operator.HAS_NOT)),
    some.text(max_size=12),
)
def test_three_fields_write_a_rule_about_that_property_or_one_that_is_refused(
    name: str, operator: Operator, value: str
) -> None:
    written = rule.write(name, operator, value, KNOWN)
    try:
        condition = read(written)
    except errors.BadInput:
        is_one = operator in COMPARED_OF.get(KNOWN[name.lower()].type, COMPARED)
        assert KNOWN[name.lower()].type not in (TEXT, LIST) or not is_one or not value.strip()
        return
    assert (condition.property, condition.operator) == (name, operator)
    if condition.type in (TEXT, LIST):
        assert condition.value == value.strip()


def test_the_three_fields_write_what_one_would_type() -> None:
    assert rule.write("spend", Operator.AT_LEAST, " 500 ", KNOWN) == "spend >= 500"
    assert rule.write("full name", Operator.EQUAL, 'Zoë "Z"', KNOWN) == '"Full name" = "Zoë ""Z"""'
    assert rule.write("spend", Operator.HAS_VALUE, "500", KNOWN) == "spend has a value"
    assert rule.write("spend", Operator.AT_LEAST, "", KNOWN) == "spend >="
    assert rule.say_value(read("spend >= 500.50")) == "500.50"
    assert rule.say_value(read("spend has a value")) == ""
    assert not re.search(r"\s$", rule.write("spend", Operator.LESS, "", KNOWN))
