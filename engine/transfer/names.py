"""Which file names of a server can be taken, and how the others are shown."""

import unicodedata

_SHOWN_CHARACTERS_MAX = 120


def read(raw: bytes) -> tuple[str, str | None]:
    """Return a base name as text and None, or a harmless text and the reason why the file is not taken."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace"), "name is not UTF-8"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return shown(name), "name holds a control character"
    if "/" in name:
        return shown(name), "name holds a slash"
    if not name:
        return name, "name is empty"
    return name, None


def shown(text: str) -> str:
    """Return text of a server or a file name so that it stays on one line of a sentence."""
    safe = "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in text)
    return safe if len(safe) <= _SHOWN_CHARACTERS_MAX else safe[:_SHOWN_CHARACTERS_MAX] + "..."
