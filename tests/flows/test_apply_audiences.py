"""Applying audiences, configurations and activations: by name, whole or not at all, and done again without effect."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine import verbs
from engine.actions import wanted_shape, wanted_yaml
from engine.base.errors import BadInput, HandoffError
from tests.fakes.shop import CALLER, Shop, wanted

ROWS = "id,name,points\n1,Ana,5\n2,Ben,7\n3,Cas,9\n"
PLAIN = 'access_token is written plainly; write "${ENV_NAME}" and set that variable.'


def audience(**changes: Any) -> dict[str, Any]:
    return {"name": "Regulars", "rule": "points >= 7", **changes}


def configuration(**changes: Any) -> dict[str, Any]:
    settings = {"access_token": "token-1", "audience_id": 123, "base_url": "http://127.0.0.1:9/meta"}
    found = {"name": "Meta demo account", "partner": "meta_custom_audience", **changes}
    return {**found, "settings": {**settings, **changes.get("settings", {})}}


def activation(**changes: Any) -> dict[str, Any]:
    return {"audience": "Regulars", "configuration": "Meta demo account", "identifier": "customer_id", **changes}


def whole() -> dict[str, Any]:
    """Return a file without the connection."""
    return {"audiences": [audience()], "configurations": [configuration()], "activations": [activation()]}


def apply(shop: Shop, content: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = verbs.do(shop.desk, CALLER, "apply", {"wanted": content})["changes"]
    return found


def did(changes: list[dict[str, Any]]) -> list[str]:
    return [f"{change['kind']} {change['name']} {change['did']}" for change in changes]


def verb(shop: Shop, name: str, **arguments: Any) -> Any:
    return verbs.do(shop.desk, CALLER, name, arguments)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop whose three customers are profiles."""
    shop.write("a.csv", ROWS)
    shop.apply()
    shop.run()
    return shop


def test_what_one_file_makes_may_build_on_what_else_it_makes(shop: Shop) -> None:
    # when: nothing is here yet, not even the property of the rule
    changes = apply(shop, {**wanted(shop.server), **whole()})
    # then
    assert did(changes)[1:] == [
        "audience Regulars created",
        "configuration Meta demo account created",
        "activation Regulars -> Meta demo account created",
    ]
    assert changes[1]["fields"] == {"rule": [None, "points >= 7"]}
    assert changes[2]["fields"]["audience_id"] == [None, "123"]
    assert changes[2]["fields"]["state"] == [None, "active"]
    assert changes[3]["fields"] == {"identifier": [None, "customer_id"], "send_current": [None, True]}
    assert "token-1" not in str(changes)


def test_applied_again_it_changes_nothing(stocked: Shop) -> None:
    # given
    apply(stocked, whole())
    before = stocked.sql("SELECT count(*) FROM ctl.audit") + stocked.sql("SELECT count(*) FROM dat.signal")
    # when
    changes = apply(stocked, whole())
    # then
    assert {change["did"] for change in changes} == {"unchanged"}
    assert all(change["fields"] == {} for change in changes)
    assert stocked.sql("SELECT count(*) FROM ctl.audit") + stocked.sql("SELECT count(*) FROM dat.signal") == before


def test_a_changed_rule_is_recomputed_when_apply_returns(stocked: Shop) -> None:
    # given
    apply(stocked, whole())
    assert verb(stocked, "audiences") == [{"name": "Regulars", "members": 2}]
    # when
    [change] = apply(stocked, {"audiences": [audience(rule="points >= 9")]})
    # then: and what the partner is owed waits
    assert change["fields"] == {"rule": ["points >= 7", "points >= 9"]}
    assert verb(stocked, "audiences") == [{"name": "Regulars", "members": 1}]
    [waiting] = verb(stocked, "stats", days=1)
    assert (waiting["configuration"], waiting["category"], waiting["count"]) == ("Meta demo account", "waiting", 3)


def test_what_the_file_does_not_name_stays(stocked: Shop) -> None:
    # given
    apply(stocked, whole())
    # when
    apply(stocked, {"audiences": [audience(name="Others", rule="name has a value")]})
    # then
    assert verb(stocked, "audiences") == [{"name": "Others", "members": 3}, {"name": "Regulars", "members": 2}]
    assert stocked.sql("SELECT count(*) FROM ctl.activation WHERE ended_at IS NULL") == [(1,)]


def test_a_new_token_is_told_without_its_value(stocked: Shop) -> None:
    # given
    apply(stocked, whole())
    # when
    [change] = apply(stocked, {"configurations": [configuration(settings={"access_token": "token-2"})]})
    # then
    assert (change["did"], change["fields"]) == ("changed", {"access_token": ["set", "changed"]})


def test_a_deactivated_one_is_made_so_and_sends_nothing_until_the_file_says_active(stocked: Shop) -> None:
    # given
    content = whole()
    content["configurations"] = [configuration(state="deactivated")]
    apply(stocked, content)
    assert stocked.sql("SELECT state FROM ctl.configuration") == [("deactivated",)]
    assert stocked.sql("SELECT count(*) FROM dat.signal") == [(0,)]
    # when: a file that does not say
    [silent] = apply(stocked, {"configurations": [configuration()]})
    [said] = apply(stocked, {"configurations": [configuration(state="active")]})
    # then
    assert silent["did"] == "unchanged"
    assert said["fields"] == {"state": ["deactivated", "active"]}
    assert stocked.sql("SELECT state FROM ctl.configuration") == [("active",)]
    assert stocked.sql("SELECT count(*) FROM dat.signal") == [(2,)]


def test_members_of_now_are_left_out_where_the_file_says_so(stocked: Shop) -> None:
    # given
    content = whole()
    content["activations"] = [activation(send_current=False)]
    # when
    apply(stocked, content)
    # then
    assert verb(stocked, "audiences") == [{"name": "Regulars", "members": 2}]
    assert stocked.sql("SELECT count(*) FROM dat.signal") == [(0,)]


TWICE = {"audiences": [audience(), audience(name="regulars")]}
OTHER_LIST = {"configurations": [configuration(settings={"audience_id": "9"})]}
ELSEWHERE = {"audiences": [audience(name="Others")], "activations": [activation(audience="Others")]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"audiences": [audience(rule="pints >= 7")]}, "audiences[0]: There is no property “pints”"),
        ({"audiences": [audience(rule=7)]}, "audiences[0].rule should be text."),
        ({"audiences": [{"name": "x"}]}, "audiences[0].rule is missing."),
        (TWICE, "audiences names regulars twice."),
        ({"configurations": [configuration(partner="nobody")]}, "configurations[0]: There is no partner"),
        (OTHER_LIST, "configurations[0]: "),
        ({"configurations": [configuration(settings={"base_url": "ftp://x"})]}, "configurations[0]: "),
        ({"configurations": [configuration(settings={"audience_id": True})]}, "configurations[0].settings.audience_id"),
        ({"configurations": [configuration(state="stopped")]}, "configurations[0].state is stopped; it can be"),
        ({"activations": [activation(audience="Nobody")]}, "activations[0]: There is no audience Nobody"),
        ({"activations": [activation(configuration="No one")]}, "activations[0]: There is no configuration No one"),
        ({"activations": [activation(identifier="mail")]}, "activations[0]: There is no property mail"),
        (
            {"activations": [activation(identifier="name")]},
            "activations[0]: Regulars is linked to Meta",
        ),
        ({"activations": [activation(send_current=False)]}, "activations[0]: Regulars is linked to Meta"),
        ({"activations": [activation(), activation()]}, "activations names meta demo account twice."),
        (ELSEWHERE, "activations[0]: Meta demo account takes Regulars already, and a configuration takes one audience"),
        ({"audience": []}, "the file has audience, which is not known there."),
    ],
)
def test_a_mistake_is_named_by_its_place_and_nothing_is_applied(
    stocked: Shop, change: dict[str, Any], sentence: str
) -> None:
    # given
    apply(stocked, whole())
    before = everything(stocked)
    [other] = wanted(stocked.server, files="*.txt")["connections"]
    # when: what comes first in the file is right
    with pytest.raises(HandoffError) as caught:
        apply(stocked, {"connections": [other], **change})
    # then
    assert str(caught.value).startswith(sentence)
    assert everything(stocked) == before


def everything(shop: Shop) -> list[tuple[Any, ...]]:
    tables = ("ctl.goal", "ctl.property", "ctl.audience", "ctl.configuration", "ctl.activation", "dat.signal")
    return [row for table in tables for row in shop.sql(f"FROM {table} ORDER BY ALL")]


def test_a_token_written_plainly_is_refused(tmp_path: Path) -> None:
    # given
    path = tmp_path / "wanted.yaml"
    path.write_text("configurations: [{name: x, partner: y, settings: {access_token: abc}}]", encoding="utf-8")
    # when
    with pytest.raises(BadInput) as caught:
        wanted_yaml.load(path, dict(os.environ))
    # then
    assert str(caught.value) == PLAIN


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a ${NAME} b", "a value b"),
        ("a $${NAME} b", "a ${NAME} b"),
        ("$$${NAME}", "$${NAME}"),
        ("$NAME {}", "$NAME {}"),
    ],
)
def test_two_dollars_keep_a_name_from_being_filled_in(tmp_path: Path, written: str, meant: str) -> None:
    # given
    path = tmp_path / "wanted.yaml"
    path.write_text(f"audiences: [{{name: '{written}'}}]", encoding="utf-8")
    # when
    found = wanted_yaml.load(path, {"NAME": "value"})
    # then
    assert found["audiences"][0]["name"] == meant


def test_what_a_file_says_does_not_show_its_secrets_where_it_is_printed() -> None:
    # given
    settings = {"access_token": "EAAB-made-up", "audience_id": "123"}
    given = {"configurations": [{"name": "Meta", "partner": "meta_custom_audience", "settings": settings}]}
    # when
    shown = repr(wanted_shape.read(given))
    # then
    assert "Meta" in shown
    assert "EAAB" not in shown
