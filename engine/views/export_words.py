"""How texts stand in the file that `export` prints."""

import re

_LOOKS_FILLED_IN = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def said(text: str) -> str:
    """Double the dollar where `apply` would take the text for the name of a variable."""
    return _LOOKS_FILLED_IN.sub(lambda match: f"${match[0]}", text)
