"""Export prints what apply takes: export, wipe, apply, export gives the same bytes, and no secret is in it."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as make

from engine import verbs
from engine.actions import wanted_goals, wanted_yaml
from engine.base.errors import BadInput
from engine.base.settings import Settings
from engine.service import Home
from engine.views import export_goals, export_words
from storage.records.goals import (
    ActionFields,
    FileFormat,
    Identifier,
    ImportGoal,
    Mapping,
    MatchRule,
    PatternKind,
    PropertyType,
    Strategy,
    ValueFormat,
)
from tests.fakes.openssh import OpenSSH
from tests.fakes.shop import CALLER, Shop, wanted

PASSPHRASE = "open sesame 12"
SECRETS = ("token-of-one", "token-of-two", PASSPHRASE, "PRIVATE KEY")


def content(server: OpenSSH) -> dict[str, Any]:
    """Return a file with something of everything, and names that YAML and shells stumble over."""
    [first] = wanted(server)["connections"]
    [second] = wanted(server, files="*.txt", format={"separator": "tab", "header": False, "encoding": "utf-8"})[
        "connections"
    ]
    key = server.add_key("ed25519", passphrase=PASSPHRASE)
    second["server"] = {**second["server"], "private_key": key, "passphrase": PASSPHRASE}
    del second["server"]["password"]
    dated = {"field": "seen", "property": "seen at: #1", "type": "date", "format": "%d-%m-%Y", "strategy": "set"}
    second["goals"][0]["import"] |= {
        "mappings": [dated, {"field": "tags", "property": "tags", "type": "list", "strategy": "add"}],
        "values": {"decimal": ",", "thousands": ".", "multi_value": "|", "time_zone": "Europe/Amsterdam"},
        "match": "any",
        "row_key": ["column_1", "seen"],
        "rejected_percent_max": 10,
        "shrink_percent_max": 25.5,
    }
    settings = {"audience_id": "0123", "base_url": "http://127.0.0.1:9/meta", "timeout_s": 2.5}
    return {
        "properties": [{"name": "kept by nobody", "type": "decimal"}],
        "connections": [
            {**first, "name": "Ünits: ${HOME} 'a'", "schedule": {"every_minutes": 15}},
            {**second, "name": '2nd - "b"', "state": "off", "schedule": {"every_minutes": 60}},
        ],
        "audiences": [
            {"name": "yes", "rule": 'name = "O""Brien: #1"'},
            {"name": "大口", "rule": "points >= 7"},
            {"name": "Rest", "rule": '"kept by nobody" has no value'},
        ],
        "configurations": [
            {
                "name": "one",
                "partner": "meta_custom_audience",
                "settings": {**settings, "access_token": "token-of-one"},
                "state": "deactivated",
            },
            {
                "name": "One!",
                "partner": "meta_custom_audience",
                "settings": {**settings, "access_token": "token-of-two", "identifier": "EMAIL"},
            },
        ],
        "activations": [
            {"audience": "yes", "configuration": "one", "identifier": "customer_id", "send_current": False},
            {"audience": "大口", "configuration": "One!", "identifier": "name"},
        ],
    }


def export_text(shop: Shop) -> str:
    return wanted_yaml.text_of(verbs.do(shop.desk, CALLER, "export", {}))


def load(text: str, folder: Path, values: dict[str, str]) -> Any:
    path = folder / "export.yaml"
    path.write_text(text, encoding="utf-8")
    return wanted_yaml.load(path, values)


@pytest.fixture
def filled(shop: Shop) -> tuple[Shop, dict[str, Any]]:
    """A home with something of everything, and the file that made it."""
    made = content(shop.server)
    verbs.do(shop.desk, CALLER, "apply", {"wanted": made})
    return shop, made


def variables(shop: Shop, made: dict[str, Any]) -> dict[str, str]:
    return {
        "UNITS_HOME_A_PASSWORD": shop.server.password,
        "_2ND_B_PRIVATE_KEY": made["connections"][1]["server"]["private_key"],
        "_2ND_B_PASSPHRASE": PASSPHRASE,
        "ONE_ACCESS_TOKEN": "token-of-one",
        "ONE_ACCESS_TOKEN_2": "token-of-two",
    }


def test_export_wipe_apply_export_gives_equal_bytes(filled: tuple[Shop, dict[str, Any]], tmp_path: Path) -> None:
    # given
    shop, made = filled
    text = export_text(shop)
    # when: another home, with nothing in it, and the variables that the file names
    other = Home(Settings(home=tmp_path / "other"))
    try:
        wanted_again = load(text, tmp_path, variables(shop, made))
        verbs.do(other.desk, CALLER, "apply", {"wanted": wanted_again})
        again = export_text(Shop(other.desk, shop.server))
    finally:
        other.close()
    # then
    assert again.encode() == text.encode()
    assert set(re.findall(r"(?<!\$)\$\{(\w+)\}", text)) == set(variables(shop, made))


def test_applied_where_it_came_from_it_changes_nothing(filled: tuple[Shop, dict[str, Any]], tmp_path: Path) -> None:
    # given
    shop, made = filled
    found = load(export_text(shop), tmp_path, variables(shop, made))
    # when
    changes = verbs.do(shop.desk, CALLER, "apply", {"wanted": found})["changes"]
    # then
    assert {change["did"] for change in changes} == {"unchanged"}
    assert [change["kind"] for change in changes].count("activation") == 2


def test_no_secret_is_in_it(filled: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = filled
    text = export_text(shop)
    assert not [secret for secret in (*SECRETS, shop.server.password) if secret in text]


def test_what_a_person_has_not_mapped_yet_can_be_applied_again(shop: Shop, tmp_path: Path) -> None:
    # given: as the wizard leaves it
    shop.apply(identifiers=[], mappings=[])
    text = export_text(shop)
    # when
    found = load(text, tmp_path, {"CD_SHOP_PURCHASES_PASSWORD": shop.server.password})
    [change] = verbs.do(shop.desk, CALLER, "apply", {"wanted": found})["changes"]
    # then
    assert change["did"] == "unchanged"


def test_an_empty_home_exports_a_file_that_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    found = load(export_text(shop), tmp_path, {})
    assert verbs.do(shop.desk, CALLER, "apply", {"wanted": found}) == {"changes": []}


USUAL = ImportGoal(
    "", "", 0, "/in", "*.csv", FileFormat(), (), create_profiles=False, mappings=(), shrink_percent_max=None
)
FULL = ImportGoal(
    "",
    "",
    0,
    "/in/${HOME}",
    r"a_\d+\.csv",
    FileFormat("\t", header=False, encoding="cp1252", quote="", escape="\\", preamble_lines=None, header_lines=2),
    (Identifier("no", "customer_id"), Identifier("mail", "email")),
    create_profiles=True,
    mappings=(
        Mapping("seen", "seen at", PropertyType.DATE_TIME, Strategy.SET, "%d.%m.%Y %H:%M", clears=True),
        Mapping("tags", "tags", PropertyType.LIST, Strategy.ADD),
    ),
    files_kind=PatternKind.REGEX,
    values=ValueFormat(",", ".", "|", "%d.%m.%Y", "%d.%m.%Y %H:%M", "Europe/Amsterdam"),
    match=MatchRule.ANY,
    row_key=("no", "seen"),
    action=ActionFields("${SHOP}", "order", "at", "%Y", "sum", "state"),
    rejected_percent_max=12.5,
    shrink_percent_max=0.0,
    is_on=False,
)


@pytest.mark.parametrize("goal", [USUAL, FULL], ids=["usual", "everything"])
def test_every_setting_of_a_goal_comes_back_as_it_was(tmp_path: Path, goal: ImportGoal) -> None:
    # given
    said = wanted_yaml.text_of({"goal": {"import": export_goals.said_goal(goal, has_folder=True)}})
    # when
    found = load(said, tmp_path, {})
    # then
    assert wanted_goals.goal(found["goal"], "goal", has_folder=True) == goal


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"rejected_percent_max": 101}, "goal.import.rejected_percent_max should be a number from 0 to 100"),
        ({"match": "both"}, "goal.import.match is both; it can be in_order, any"),
        ({"values": {"decimals": ","}}, "goal.import.values has decimals, which is not known there"),
        ({"action": {"source": "shop"}}, "goal.import.action.key is missing"),
        ({"format": {"preamble_lines": "two"}}, "goal.import.format.preamble_lines should be a whole number"),
    ],
)
def test_a_setting_of_a_goal_that_cannot_be_is_refused_by_its_place(setting: dict[str, Any], sentence: str) -> None:
    said = {"folder": "/in", "files": "*.csv", "identifiers": [], **setting}

    with pytest.raises(BadInput, match=re.escape(sentence)):
        wanted_goals.goal({"import": said}, "goal", has_folder=True)


@example(text="a\x85b")
@given(text=make.text(alphabet=make.characters(exclude_categories=["Cs"])) | make.from_regex(r"[${}A-Z_]{1,12}"))
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    # given
    said = wanted_yaml.text_of({"audiences": [{"name": "x", "rule": export_words.said(text)}]})
    # when
    found = load(said, tmp_path_factory.getbasetemp(), {})
    # then
    assert found["audiences"][0]["rule"] == text
