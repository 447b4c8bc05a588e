"""Escapes what people and files wrote, so that Streamlit shows it as text and not as markdown; pure."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:^=@-])")
_WOULD_LINK = re.compile(r"(?i)(://|www\.|@|:material/)")
_JOINER = "\u2060"


def plain(text: str) -> str:
    """Return the text with every character escaped that markdown, Streamlit's colours or icons would take.

    Escapes do not keep bare addresses from becoming links, so an invisible word joiner parts them.
    """
    return _SPECIAL.sub(r"\\\1", _WOULD_LINK.sub(rf"{_JOINER}\1{_JOINER}", " ".join(text.split())))
