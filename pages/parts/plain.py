"""Escapes what people and files wrote, so that Streamlit shows it as text and not as markdown; pure."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:^=@-])")


def plain(text: str) -> str:
    """Return the text with every character escaped that markdown, Streamlit's colours or icons would take."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
