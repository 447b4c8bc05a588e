"""Escapes what people and files wrote, so that Streamlit shows it as text and not as markdown; pure."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:^=@-])")
_WOULD_LINK = re.compile(r"(?i)(://|www\.|@|:material/)")
_JOINER = "\u2060"
_TURNS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return the text with each mark that turns the letters around it written out, for cells of tables (faults row 15).

    With them `members_\u202efdp.csv` would be read as the name of a PDF.
    """
    return _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def plain(text: str) -> str:
    """Return the text with every character escaped that markdown, Streamlit's colours or icons would take.

    Escapes do not keep bare addresses from becoming links, so an invisible word joiner parts them.
    """
    return _SPECIAL.sub(r"\\\1", _WOULD_LINK.sub(rf"{_JOINER}\1{_JOINER}", visible(" ".join(text.split()))))
