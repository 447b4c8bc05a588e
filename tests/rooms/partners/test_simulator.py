"""The simulator speaks as Graph does, keeps audiences as sets, and counts what arrives."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from engine.partners.simulator import Simulator
from storage.records.partners import SignalKind
from tests.fakes.partner import TOKEN, SimulatorProcess, ask, call_partner, given


def say(
    simulator: Simulator, method: str, path: str, body: bytes | None = None, content_type: str = ""
) -> tuple[int, Any]:
    """Make a request of one's own and return status and JSON."""
    url = f"{simulator.base_url()}{path}"
    headers = {"content-type": content_type} if content_type else {}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def payload(data: Any, schema: Any = "EXTERN_ID") -> dict[str, Any]:
    return {"schema": schema, "data": data, "is_raw": True}


def test_audiences_are_sets_in_order_of_arrival(simulator: Simulator) -> None:
    # given
    entries = given(simulator.base_url())
    # when
    first = call_partner(entries, SignalKind.ADD, ["b", "a"], ["c", "a"])
    call_partner(entries, SignalKind.REMOVE, ["b", "never there"])
    call_partner(entries | {"audience_id": "9"}, SignalKind.ADD, ["a"])
    # then
    assert simulator.audiences() == {"123": ["a", "c"], "9": ["a"]}
    said = json.loads(first[1].text)
    assert (said["audience_id"], said["num_received"], said["num_invalid_entries"]) == ("123", 2, 0)
    assert said["session_id"].isdecimal()


def test_a_partner_answers_under_its_id_as_under_its_short_name(simulator: Simulator) -> None:
    # given
    base = simulator.base_url().removesuffix("/meta") + "/meta_custom_audience"
    # when
    call_partner(given(base), SignalKind.ADD, ["a"])
    faults = ask(f"{base}/_faults", "PUT", b'{"kind": "empty"}')
    # then
    assert ask(f"{base}/_state") == ask(f"{simulator.base_url()}/_state") == {"audiences": {"123": ["a"]}}
    assert faults == ask(f"{simulator.base_url()}/_faults")


@pytest.mark.parametrize("version", ["", "/v26.0", "/v3"])
@pytest.mark.parametrize(("schema", "data"), [("EXTERN_ID", ["a"]), (["EXTERN_ID"], [["a"]]), (["EXTERN_ID"], ["a"])])
def test_a_payload_may_come_as_form_query_or_json(
    simulator: Simulator, version: str, schema: Any, data: list[Any]
) -> None:
    # given
    path = f"{version}/123/users?access_token={TOKEN}"
    text = json.dumps(payload(data, schema))
    form = urlencode({"payload": text}).encode()
    ways = [
        (path, form, "application/x-www-form-urlencoded"),
        (f"{path}&payload={quote(text)}", None, ""),
        (path, json.dumps({"payload": payload(data, schema)}).encode(), "application/json"),
        (path, json.dumps({"payload": text}).encode(), "application/json; charset=utf-8"),
    ]
    for url, body, kind in ways:
        # when
        added = say(simulator, "POST", url, body, kind)
        held = simulator.audiences()
        removed = say(simulator, "DELETE", url, body, kind)
        # then
        assert (added[0], removed[0]) == (200, 200)
        assert held == {"123": ["a"]}
        assert simulator.audiences() == {"123": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/v26.0/123/users", payload(["a"]), (190, None)),
        ("POST", "/v26.0/123/users?access_token=expired", payload(["a"]), (190, 463)),
        ("GET", "/v26.0/123?access_token=expired", None, (190, 463)),
        ("POST", "/v26.0/abc/users?access_token=x", payload(["a"]), (100, 33)),
        ("POST", "/v26.0/123/user?access_token=x", payload(["a"]), (2500, None)),
        ("PATCH", "/v26.0/123/users?access_token=x", payload(["a"]), (2500, None)),
        ("POST", "/v26.0/123/users?access_token=x", {}, (100, None)),
        ("POST", "/v26.0/123/users?access_token=x", payload(["a"], "SHOE_SIZE"), (100, None)),
        ("POST", "/v26.0/123/users?access_token=x", payload(["a"], []), (100, None)),
        ("POST", "/v26.0/123/users?access_token=x", payload("a"), (100, None)),
        ("POST", "/v26.0/123/users?access_token=x", payload([1]), (100, None)),
        ("POST", "/v26.0/123/users?access_token=x", payload(["a"] * 10_001), (105, None)),
    ],
)
def test_what_graph_refuses_is_refused_in_its_shape(
    simulator: Simulator, method: str, path: str, body: Any, code: tuple[int, int | None]
) -> None:
    # given
    sent = json.dumps({"payload": body}).encode() if body is not None else None
    # when
    status, said = say(simulator, method, path, sent, "application/json")
    # then
    assert status == 400
    assert (said["error"]["code"], said["error"].get("error_subcode")) == code
    assert {"message", "type", "fbtrace_id"} <= set(said["error"])
    assert simulator.audiences() == {}


def test_the_token_may_come_as_a_header(simulator: Simulator) -> None:
    # given
    request = urllib.request.Request(  # noqa: S310 - this machine
        f"{simulator.base_url()}/v26.0/123", headers={"authorization": f"Bearer {TOKEN}"}
    )
    # when
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
        said = json.load(answer)
    # then
    assert said == {"id": "123", "name": "Audience 123"}
    assert simulator.audiences() == {}


def test_a_hash_that_is_none_is_an_invalid_entry(simulator: Simulator) -> None:
    # given
    entries = given(simulator.base_url(), identifier="EMAIL")
    # when
    answer = call_partner(entries, SignalKind.ADD, ["a" * 64, "someone@example.com"])[0]
    # then
    said = json.loads(answer.text)
    assert (said["num_received"], said["num_invalid_entries"]) == (2, 1)
    assert said["invalid_entry_samples"] == {"someone@example.com": "not a SHA-256 hash"}
    assert simulator.audiences() == {"123": ["a" * 64]}


def test_ten_thousand_people_go_in_one_call(simulator: Simulator) -> None:
    # given
    people = [f"{number:064x}" for number in range(10_000)]
    entries = given(simulator.base_url())
    # when
    call_partner(entries, SignalKind.ADD, people)
    held = simulator.audiences()["123"]
    call_partner(entries, SignalKind.REMOVE, people[1:])
    # then
    assert held == people
    assert simulator.audiences() == {"123": people[:1]}


def test_an_address_of_a_megabyte_is_read(simulator: Simulator) -> None:
    # given
    people = [f"{number:064x}" for number in range(10_000)]
    text = quote(json.dumps(payload(people)))
    # when
    status, _ = say(simulator, "POST", f"/v26.0/123/users?access_token={TOKEN}&payload={text}")
    # then
    assert status == 200
    assert len(simulator.audiences()["123"]) == 10_000


def test_what_arrived_is_counted_by_operation_with_its_repeats(simulator: Simulator) -> None:
    # given
    entries = given(simulator.base_url())
    # when
    call_partner(entries, SignalKind.ADD, ["a", "b"], ["b", "c"], ["b"])
    call_partner(entries, SignalKind.REMOVE, ["a"])
    call_partner(entries | {"access_token": "expired"}, SignalKind.ADD, ["z"])
    found = simulator.requests()
    simulator.forget_requests()
    # then
    assert found["count"] == 5
    assert found["profiles"] == {"add": 5, "remove": 1}
    assert found["repeats"] == {"add": {"b": 2}, "remove": {}}
    assert [one["status"] for one in found["last"]] == [200, 200, 200, 200, 400]
    assert TOKEN not in json.dumps(found)
    assert (simulator.requests()["count"], simulator.requests()["last"]) == (0, [])
    assert simulator.audiences() == {"123": ["b", "c"]}


def test_only_the_last_fifty_requests_are_remembered(simulator: Simulator) -> None:
    # given / when
    call_partner(given(simulator.base_url()), SignalKind.ADD, *[[f"c-{number}"] for number in range(60)])
    # then
    found = simulator.requests()
    assert (found["count"], len(found["last"])) == (60, 50)


def test_it_can_be_looked_at_and_set_over_http(simulator: Simulator) -> None:
    # given
    base = simulator.base_url()
    root = base.removesuffix("/meta")
    # when
    begin = ask(f"{base}/_state")
    call_partner(given(base), SignalKind.ADD, ["a"])
    held = ask(f"{base}/_state")
    ordered = ask(f"{base}/_faults", "PUT", b'{"kind": "empty", "calls": 2}')
    counted = ask(f"{base}/_requests")["count"]
    ask(f"{base}/_requests", "DELETE")
    # then
    assert (begin, held) == ({"audiences": {}}, {"audiences": {"123": ["a"]}})
    assert ordered == ask(f"{base}/_faults") == [{"kind": "empty", "calls": 2, "operation": None, "audience": None}]
    assert (counted, ask(f"{base}/_requests")["count"]) == (1, 0)
    assert set(ask(f"{root}/")["partners"]) == {"meta"}
    # when
    ask(f"{root}/_reset", "POST")
    # then
    assert (ask(f"{base}/_state"), ask(f"{base}/_faults")) == ({"audiences": {}}, [])


@pytest.mark.parametrize(("method", "path"), [("POST", "/_state"), ("DELETE", "/_faults"), ("PUT", "/_requests")])
def test_what_cannot_be_done_there_is_said(simulator: Simulator, method: str, path: str) -> None:
    assert say(simulator, method, path, b"{}")[0] == 405


def test_the_verb_runs_it_as_a_process_and_ends_well() -> None:
    # given
    with SimulatorProcess() as running:
        # when
        call_partner(given(running.base_url()), SignalKind.ADD, ["a"])
        # then
        assert running.audiences() == {"123": ["a"]}
        assert running.requests()["count"] == 1
