"""Calls to Meta, to the byte as its own SDK makes them, and what may stand in settings without doing harm."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from engine.partners import catalog, requests
from engine.partners.requests import Call
from storage.records.partners import SignalKind
from tests.fakes.partner import PARTNER, TOKEN, encoded, given

HASHES = ["a" * 64, "0123456789abcdef" * 4]
BASE = "https://graph.facebook.com"
MANY = [f"{number:064x}" for number in range(10_000)]


def build(kind: SignalKind, identifiers: list[str], base_url: str = BASE, **changed: str) -> Call:
    return requests.build(catalog.manifest_of(PARTNER), kind, given(base_url, **changed), *encoded(identifiers))


def test_an_add_by_email_is_a_form_with_sorted_keys_and_no_blanks() -> None:
    # given / when
    call = build(SignalKind.ADD, HASHES, identifier="EMAIL", access_token="TOKEN")
    # then
    assert (call.method, call.url) == ("POST", f"{BASE}/v26.0/123/users?access_token=TOKEN")
    assert call.headers == {"accept": "*/*", "content-type": "application/x-www-form-urlencoded"}
    data = "%2C".join(f"%22{one}%22" for one in HASHES)
    assert call.body.decode() == (
        f"payload=%7B%22data%22%3A%5B{data}%5D%2C%22is_raw%22%3Atrue%2C%22schema%22%3A%22EMAIL_SHA256%22%7D"
    )


def test_a_remove_by_email_is_a_query_with_the_token_first() -> None:
    # given / when
    call = build(SignalKind.REMOVE, HASHES[:1], identifier="EMAIL", access_token="TOKEN")
    # then
    assert (call.method, call.body) == ("DELETE", b"")
    assert call.url == (
        f"{BASE}/v26.0/123/users?access_token=TOKEN&payload=%7B%22data%22%3A%5B%5B%22{HASHES[0]}%22%5D%5D%2C"
        "%22is_raw%22%3Atrue%2C%22schema%22%3A%5B%22EMAIL%22%5D%7D"
    )
    assert call.headers == {"accept": "*/*"}


@pytest.mark.parametrize(("kind", "schema"), [(SignalKind.ADD, "EXTERN_ID"), (SignalKind.REMOVE, ["EXTERN_ID"])])
def test_an_own_id_goes_under_its_own_word_whatever_stands_in_it(kind: SignalKind, schema: object) -> None:
    # given
    odd = ['c "1"', "ü&=+%41/?#", "\\u0041\n", "}{flat}{nested}"]
    # when
    call = build(kind, odd)
    # then
    text = call.body.decode() if kind is SignalKind.ADD else urlsplit(call.url).query
    payload = json.loads(parse_qs(text)["payload"][0])
    assert payload == {
        "data": odd if kind is SignalKind.ADD else [[one] for one in odd],
        "is_raw": True,
        "schema": schema,
    }


def test_a_remove_too_long_for_an_address_goes_in_the_body() -> None:
    # given / when
    long, short = build(SignalKind.REMOVE, MANY), build(SignalKind.REMOVE, MANY[:80])
    # then
    assert long.url == f"{BASE}/v26.0/123/users?access_token={TOKEN}"
    assert long.headers["content-type"] == "application/x-www-form-urlencoded"
    assert json.loads(unquote(long.body.decode().removeprefix("payload=")))["data"] == [[one] for one in MANY]
    assert not short.body
    assert len(short.url) <= 8_000


@pytest.mark.parametrize(
    ("base_url", "begins"),
    [
        ("https://graph.facebook.com", "https://graph.facebook.com/v26.0/123/"),
        ("https://graph.facebook.com/", "https://graph.facebook.com/v26.0/123/"),
        ("https://graph.facebook.com/v25.0", "https://graph.facebook.com/v25.0/123/"),
        ("https://graph.facebook.com/v25.0/", "https://graph.facebook.com/v25.0/123/"),
        ("http://127.0.0.1:9099/meta", "http://127.0.0.1:9099/meta/v26.0/123/"),
        ("", "https://graph.facebook.com/v26.0/123/"),
    ],
)
def test_the_version_stands_once_in_an_address(base_url: str, begins: str) -> None:
    assert build(SignalKind.ADD, HASHES, base_url).url.startswith(begins)


def test_settings_cannot_lead_into_another_path_or_parameter() -> None:
    # given
    sly = "123/../me?fields=id&x=#"
    # when
    call = build(SignalKind.ADD, HASHES, audience_id=sly, access_token="a&b=c d")
    # then
    parts = urlsplit(call.url)
    assert parts.path == "/v26.0/123%2F..%2Fme%3Ffields%3Did%26x%3D%23/users"
    assert parse_qs(parts.query) == {"access_token": ["a&b=c d"]}


def test_the_test_asks_for_the_audience_and_changes_nothing() -> None:
    # given / when
    call = requests.test(catalog.manifest_of(PARTNER), given(BASE, access_token="TOKEN"))
    # then
    assert (call.method, call.body) == ("GET", b"")
    assert call.url == f"{BASE}/v26.0/123?access_token=TOKEN&fields=id,name"


def test_a_call_shows_neither_token_nor_people() -> None:
    # given
    calls = [build(kind, ["someone@example.com"]) for kind in SignalKind]
    # when
    shown = f"{calls!r} {calls}"
    # then
    assert TOKEN not in shown
    assert "someone" not in shown
