"""From a profile to the bytes on the wire: what Meta receives is what its own SDK sends, people hashed on the way."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.audience import Person, Sender
from tests.fakes.home import open_home
from tests.fakes.partner import Recorded, Recorder

# SHA-256 of a@example.com.
HASH = "08168cd80dfd534ab0f10af10f1303fe00af2d43ab5c1432360d137f8197e17a"
ADD = f"payload=%7B%22data%22%3A%5B%22{HASH}%22%5D%2C%22is_raw%22%3Atrue%2C%22schema%22%3A%22EMAIL_SHA256%22%7D"
REMOVE = f"payload=%7B%22data%22%3A%5B%5B%22{HASH}%22%5D%5D%2C%22is_raw%22%3Atrue%2C%22schema%22%3A%5B%22EMAIL%22%5D%7D"
KNOWN_HASHES = {
    "a@example.com": HASH,
    "  A@Example.COM ": HASH,
    "\t\u00a0a@example.com\r\n": HASH,
    "jane.doe@example.com": "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d",
    "ÄNNE@BÜCHER.EXAMPLE": "5e402f242a0ce5bd9cd6af52add4f2829d490bf01574586e9c6b0d2b12649abd",
}


class Wire:
    """A home whose account is a server that records; `sent` sends what is due and returns what arrived since."""

    def __init__(self, sender: Sender, recorder: Recorder) -> None:
        self.sender = sender
        self._recorder = recorder

    def sent(self) -> list[Recorded]:
        self._recorder.received.clear()
        self.sender.send()
        return list(self._recorder.received)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder())
        yield Wire(Sender(stack.enter_context(open_home(tmp_path)), recorder.url), recorder)


def tell_of_one(wire: Wire) -> tuple[Recorded, Recorded]:
    """Have one person enter and leave an audience that goes out by e-mail; return the add and the remove."""
    wire.sender.put(Person(1, 900, " A@Example.com "))
    audience_id = wire.sender.audience()
    account = wire.sender.configure(identifier="EMAIL", access_token="TOKEN")
    wire.sender.link(audience_id, account, by="email")
    [add] = wire.sent()
    wire.sender.change_rule(audience_id, "spend >= 1000")
    [remove] = wire.sent()
    return add, remove


def test_an_add_and_a_remove_go_out_byte_for_byte_as_the_partners_sdk_sends_them(wire: Wire) -> None:
    # given / when
    add, remove = tell_of_one(wire)
    # then
    assert (add.method, add.path, add.body) == ("POST", "/v26.0/123/users?access_token=TOKEN", ADD)
    assert (add.headers["accept"], add.headers["content-type"]) == ("*/*", "application/x-www-form-urlencoded")
    assert (remove.method, remove.path) == ("DELETE", f"/v26.0/123/users?access_token=TOKEN&{REMOVE}")
    assert (remove.headers["accept"], remove.body) == ("*/*", "")


def test_the_wire_equals_the_recorded_requests_of_the_partners_sdk(wire: Wire, data_folder: Path) -> None:
    # given
    samples = json.loads(next(data_folder.rglob("wire_samples.json")).read_text("utf-8"))["samples"]
    golden = [samples[name]["requests"][0] for name in ("meta_custom_audience_add", "meta_error_190")]
    # when
    found = tell_of_one(wire)
    # then
    for ours, theirs in zip(found, golden, strict=True):
        named: dict[str, str] = theirs["headers"]
        assert {name: ours.headers.get(name) for name in named} == named
        assert (ours.method, ours.path, ours.body) == (theirs["method"], theirs["path"], theirs["body"])


def data_of(request: Recorded) -> list[Any]:
    """Return whom a request names."""
    text = parse_qs(request.body or urlsplit(request.path).query)["payload"][0]
    found: list[Any] = json.loads(text)["data"]
    return found


@pytest.mark.promise("G12")
@pytest.mark.parametrize(("email", "known"), list(KNOWN_HASHES.items()))
def test_an_email_leaves_normalised_and_hashed(wire: Wire, email: str, known: str) -> None:
    # given
    wire.sender.put(Person(1, 900, email), Person(2, 900, "  "), Person(3, 900))
    account = wire.sender.configure(identifier="EMAIL")
    # when
    wire.sender.link(wire.sender.audience(), account, by="email")
    [request] = wire.sent()
    # then
    assert data_of(request) == [known]
    assert "example" not in f"{request.path} {request.body}".lower()


def test_an_own_id_leaves_as_it_stands(wire: Wire) -> None:
    # given
    wire.sender.put(Person(7, 900, "a@example.com"))
    account = wire.sender.configure(identifier="EXTERN_ID")
    # when
    wire.sender.link(wire.sender.audience(), account)
    [request] = wire.sent()
    # then
    assert data_of(request) == ["C00007"]


def test_an_own_id_that_is_a_decimal_leaves_without_the_zeros_of_its_column(wire: Wire) -> None:
    # given
    wire.sender.put(Person(1, 1200), Person(2, 700))
    with wire.sender.desk.database.write("dat") as cursor:
        cursor.execute("UPDATE dat.profile SET spend = spend + 0.25 WHERE profile_id = 2")
    audience_id = wire.sender.audience()
    # when
    wire.sender.link(audience_id, wire.sender.configure(identifier="EXTERN_ID"), by="spend")
    [add] = wire.sent()
    wire.sender.change_rule(audience_id, "spend >= 5000")
    [remove] = wire.sent()
    # then
    assert sorted(data_of(add)) == ["1200", "700.25"]
    assert sorted(data_of(remove)) == [["1200"], ["700.25"]]


@pytest.mark.parametrize("odd", ['a"b', "a b+c", "ü/ß?&=%41#", "\\u0041", "}]}", "日本"])
def test_an_own_id_arrives_as_it_is_whatever_stands_in_it(wire: Wire, odd: str) -> None:
    # given
    wire.sender.put(Person(1, 900, odd))
    audience_id = wire.sender.audience()
    wire.sender.link(audience_id, wire.sender.configure(identifier="EXTERN_ID"), by="email")
    # when
    [add] = wire.sent()
    wire.sender.change_rule(audience_id, "spend >= 1000")
    [remove] = wire.sent()
    # then
    assert (data_of(add), data_of(remove)) == ([odd], [[odd]])
