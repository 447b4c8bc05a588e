"""A manifest with a mistake is refused, and the sentence names the place; the catalog finds partners by folder."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.base import errors
from engine.partners import catalog, reader
from tests.fakes.partner import PARTNER

GOOD = Path(catalog.__file__).parent / "out_of_the_box" / PARTNER / "manifest.yaml"


def _refused(change: Callable[[dict[str, Any]], Any]) -> str:
    parsed = copy.deepcopy(yaml.safe_load(GOOD.read_text("utf-8")))
    change(parsed)
    with pytest.raises(errors.GiveUp) as refused:
        reader.read("shop", yaml.safe_dump(parsed, sort_keys=False))
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda all_: all_.pop("name"), "shop.name is missing"),
        (lambda all_: all_.update(colour="red"), "shop.colour is not known"),
        (lambda all_: all_.update(name=3), "shop.name is no text"),
        (lambda all_: all_.update(has_modify="no"), "shop.has_modify is no true or false"),
        (lambda all_: all_.update(batch_size_max=True), "shop.batch_size_max is no number"),
        (lambda all_: all_.update(batch_size_max=0), "shop.batch_size_max is not from 1 to 10,000"),
        (lambda all_: all_.update(preconditions="one"), "shop.preconditions is no list"),
        (lambda all_: all_.update(token="key"), "the setting key, which is none of its fields"),
        (lambda all_: all_["fields"].append(all_["fields"][0]), "names one field twice"),
        (lambda all_: all_["fields"][0].pop("label"), "shop.fields[0].label is missing"),
        (lambda all_: all_["fields"][0].update(kind="password"), 'shop.fields[0].kind "password" is none of text'),
        (lambda all_: all_["fields"][6].pop("most"), "shop.fields[6] is a number without least and most"),
        (lambda all_: all_["fields"][2]["choices"].pop("EMAIL"), "the choices of identifier"),
        (lambda all_: all_["identifiers"][1].update(normalise=["upper"]), 'shop.identifiers[1].normalise "upper"'),
        (lambda all_: all_["words"]["add"].update(PHONE="P"), "shop.words names an identifier"),
        (lambda all_: all_["calls"].update(modify=all_["calls"]["add"]), 'shop.calls "modify" is none of add, remove'),
        (lambda all_: all_["calls"]["add"].update(payload="{}"), "shop.calls.add.payload does not hold"),
        (lambda all_: all_["calls"]["add"].update(payload_in="body"), 'shop.calls.add.payload_in "body"'),
        (lambda all_: all_["calls"]["add"].update(path="/{list}"), "the setting list, which is none of its fields"),
        (lambda all_: all_["calls"].clear(), "shop has no call"),
        (lambda all_: all_["rules"][0].update(category="sent"), 'shop.rules[0].category "sent" is none of'),
        (lambda all_: all_["rules"][0].update(codes=[190]), "shop.rules[0].codes holds something other than text"),
        (lambda all_: all_["rules"][0].pop("codes"), "shop.rules[0] names no code"),
        (lambda all_: all_["rules"][0].update(code_ranges=[[9, 1]]), "shop.rules[0].code_ranges holds"),
        (lambda all_: all_["rules"].append("190"), "shop.rules[17] is no mapping"),
        (lambda all_: all_["answer"]["wait"].update(unit="s"), "shop.answer.wait.unit is not known"),
    ],
)
def test_a_mistake_is_refused_by_its_place(change: Callable[[dict[str, Any]], Any], part: str) -> None:
    # given / when
    sentence = _refused(change)
    # then
    assert sentence.startswith("The manifest of shop cannot be used: ")
    assert part in sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name: a\nname: b\n", "line 1: name stands twice"),
        ("name: [", "is not YAML (line 1)"),
        ("- a\n- b\n", "shop is no mapping"),
        ("", "shop is no mapping"),
        ("name: !!python/object:os.system x", "is not YAML (line 1)"),
    ],
)
def test_text_that_is_no_manifest_is_refused(text: str, part: str) -> None:
    with pytest.raises(errors.GiveUp, match="manifest of shop") as refused:
        reader.read("shop", text)
    assert part in str(refused.value)


def test_a_folder_makes_a_partner() -> None:
    # given
    folders = {path.parent.name for path in GOOD.parents[1].glob("*/manifest.yaml")}
    # when / then
    assert set(catalog.catalog()) == folders
    assert PARTNER in folders


def test_a_partner_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(errors.GiveUp, match=r'no partner "nobody"; there are .*meta_custom_audience'):
        catalog.manifest_of("nobody")
