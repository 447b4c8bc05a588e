"""Masks personal values for those who may not see them whole; pure."""

import re

ELLIPSIS = "…"
_EMAIL_CHARACTERS_SHOWN_MAX = 5
_CHARACTERS_SHOWN_MAX = 3
_SHORT_CHARACTERS_MAX = 4
_EMAIL = re.compile(r"[^\s@<>,;:\"'()|]+@[^\s@<>,;:\"'()|]+")
_LONG_NUMBER = re.compile(r"\+?\d[\d ().-]{4,}\d")


def mask(value: str | None) -> str | None:
    """Return what support and managers see of a value: "ana.v…@…"; short values fully masked; None stays."""
    if not value:
        return value
    local, at, _ = value.partition("@")
    if at:
        return local[: min(_EMAIL_CHARACTERS_SHOWN_MAX, len(local) // 2)] + f"{ELLIPSIS}@{ELLIPSIS}"
    if len(value) <= _SHORT_CHARACTERS_MAX:
        return ELLIPSIS
    return value[: min(_CHARACTERS_SHOWN_MAX, len(value) // 4)] + ELLIPSIS


def mask_text(text: str) -> str:
    """Mask the e-mail addresses and long numbers inside a sentence or a file name; the words stay."""
    without_addresses = _EMAIL.sub(lambda found: mask(found.group()) or "", text)
    return _LONG_NUMBER.sub(lambda found: mask(found.group()) or "", without_addresses)


def mask_record(raw: str) -> str:
    """Return what is shown of a whole record: only how long it is, for any part of it may be personal."""
    return f"{ELLIPSIS} ({len(raw):,} characters)"
