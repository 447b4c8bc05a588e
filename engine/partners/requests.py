"""Builds a partner's calls as its manifest describes them, to the byte."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import quote

from engine.partners import settings as partner_settings
from engine.partners.manifest import CallForm, Manifest
from storage.records.partners import SignalKind

_VERSIONED = re.compile(r"/v\d+(\.\d+)?$")
_ROWS = re.compile(r"\{(?:flat|nested)\}")
_NAMED = re.compile(r"\{([a-z_]+)\}")
_FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Call:
    """One request, encoded already. Only the method is shown: addresses and bodies hold secrets and people.

    secrets: what must not be kept of an answer that repeats it.
    """

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def build(manifest: Manifest, kind: SignalKind, given: dict[str, str], flat: str, nested: str) -> Call:
    """Return the call that tells the partner of a batch.

    Args:
        manifest: Of the partner.
        kind: What the batch's signals say.
        given: The configuration's settings and secrets.
        flat: The identifiers as a JSON list, percent-encoded; encoded text can be joined, so no byte is read again.
        nested: The same, each in a list of its own.
    """
    form = manifest.calls[kind]
    wire = partner_settings.identifier_form(manifest, given).wire
    word = json.dumps(manifest.words.get((kind, wire), wire))[1:-1]
    template = (form.payload or "").replace("{identifier}", word)
    before, after = _ROWS.split(template)
    rows = flat if "{flat}" in template else nested
    return _call(manifest, form, given, f"payload={quote(before, safe='')}{rows}{quote(after, safe='')}")


def test(manifest: Manifest, given: dict[str, str]) -> Call:
    """Return the call of the Test button; it changes nothing at the partner."""
    return _call(manifest, manifest.test_call, given, "")


def _call(manifest: Manifest, form: CallForm, given: dict[str, str], payload: str) -> Call:
    values = partner_settings.with_defaults(manifest, given)
    base = (values.get("base_url") or manifest.base_url).rstrip("/")
    version = "" if _VERSIONED.search(base) else _filled(manifest.version, values)
    path, _, own = _filled(form.path, values).partition("?")
    parts = [f"{manifest.token}={quote(values[manifest.token], safe='')}", *([own] if own else [])]
    url = f"{base}{version}{path}?{'&'.join(parts)}"
    headers = {"accept": "*/*"}
    body = b""
    if payload and form.payload_in == "query" and len(url) + 1 + len(payload) <= form.query_characters_max:
        url = f"{url}&{payload}"
    elif payload:
        body = payload.encode("ascii")
        headers["content-type"] = _FORM_TYPE
    secrets = tuple(values[name.name] for name in manifest.fields if name.kind == "secret" and values[name.name])
    return Call(form.method, url, headers, body, secrets)


def _filled(text: str, values: dict[str, str]) -> str:
    """Put settings into a path; a slash in one is no way into another path."""
    return _NAMED.sub(lambda found: quote(values[found[1]], safe=""), text)
