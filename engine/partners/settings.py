"""Checks what was entered for a configuration against its partner's manifest, and reads from it what sending needs."""

import math
import re
from urllib.parse import urlsplit

from engine.base import limits
from engine.partners.manifest import Manifest
from storage.records.partners import IdentifierForm, SettingField


def problems(manifest: Manifest, given: dict[str, str]) -> dict[str, str]:
    """Return one sentence for each entry that cannot be used, by the field's name; empty where all can.

    Args:
        manifest: Of the partner.
        given: All entries by name, secrets too.
    """
    known = {field.name: field for field in manifest.fields}
    found = {
        name: f"{manifest.short_name} has no setting {name}; it has {', '.join(known)}."
        for name in given
        if name not in known
    }
    for field in manifest.fields:
        entry = given.get(field.name, "").strip()
        sentence = _problem(field, entry) if entry else f"{field.label} is missing; enter it."
        if sentence and (entry or (field.is_required and not field.default)):
            found[field.name] = sentence
    return found


def _problem(field: SettingField, entry: str) -> str | None:
    if len(entry) > limits.SETTING_CHARACTERS_MAX:
        return f"{field.label} is longer than {limits.SETTING_CHARACTERS_MAX:,} characters; shorten it."
    if not entry.isprintable():
        return f"{field.label} holds a line break or another control character; enter it without."
    if field.kind == "secret" and (" " in entry or not entry.isascii()):
        return f"{field.label} holds a blank or a letter that no such secret has; copy it again."
    if field.kind == "choice" and entry not in field.choices:
        return f'{field.label} "{entry}" is none of {", ".join(field.choices)}; choose one of them.'
    if field.kind == "number":
        return _number_problem(field, entry)
    if field.kind == "url":
        return _address_problem(field, entry)
    if field.pattern and not re.fullmatch(field.pattern, entry):
        return f'{field.label} "{entry}" is not {field.pattern_words}; correct it.'
    return None


def _number_problem(field: SettingField, entry: str) -> str | None:
    try:
        number = int(entry) if field.is_whole else float(entry)
    except ValueError:
        number = math.nan
    kind = "whole number" if field.is_whole else "number"
    if not math.isfinite(number):
        return f'{field.label} "{entry}" is no {kind}; correct it.'
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        return f"{field.label} {entry} is not from {field.least:,g} to {field.most:,g}; correct it."
    return None


def _address_problem(field: SettingField, entry: str) -> str | None:
    # First, for every other sentence repeats the entry.
    if "@" in entry:
        return f"{field.label} holds a user or a password; enter the address without them."
    try:
        parts = urlsplit(entry)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or " " in entry:
        return f'{field.label} "{entry}" is no address that begins with http:// or https://; correct it.'
    if "?" in entry or "#" in entry:
        return f"{field.label} goes on after its path; enter it without ? and #."
    return None


def split(manifest: Manifest, given: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part entries into settings and secrets, without blanks around them; empty ones are left out."""
    filled = {name: entry.strip() for name, entry in given.items() if entry.strip()}
    names = {field.name for field in manifest.fields if field.kind == "secret"}
    settings = {name: entry for name, entry in filled.items() if name not in names}
    return settings, {name: entry for name, entry in filled.items() if name in names}


def with_defaults(manifest: Manifest, given: dict[str, str]) -> dict[str, str]:
    """Return every field's entry, or its default; empty where it has neither."""
    return {field.name: given.get(field.name, "").strip() or field.default for field in manifest.fields}


def identifier_form(manifest: Manifest, settings: dict[str, str]) -> IdentifierForm:
    """Return the identifier that a configuration sends: the field `identifier`, else the manifest's first."""
    wire = with_defaults(manifest, settings).get("identifier")
    return next((form for form in manifest.identifiers if form.wire == wire), manifest.identifiers[0])


def batch_size(manifest: Manifest, settings: dict[str, str]) -> int:
    """Return how many profiles one call takes."""
    entry = with_defaults(manifest, settings).get("batch_size")
    return min(int(entry), manifest.batch_size_max) if entry else manifest.batch_size_max


def deadline_s(manifest: Manifest, settings: dict[str, str]) -> float:
    """Return how long one call may take as a whole, in seconds."""
    entry = with_defaults(manifest, settings).get("timeout_s")
    return float(entry) if entry else manifest.deadline_s
