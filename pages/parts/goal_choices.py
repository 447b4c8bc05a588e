"""What can be chosen of how files and values are written, in words; pure."""

import encodings.aliases
from functools import cache

from storage.records.goals import BLANKS

FIND_OUT, OTHER = "find out", "other"
SEPARATORS: dict[str, str | None] = {
    FIND_OUT: None,
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "blanks": BLANKS,
}
SEPARATOR_WORDS = {
    FIND_OUT: "Find out from the file",
    "comma": "Comma ,",
    "semicolon": "Semicolon ;",
    "tab": "Tab",
    "bar": "Bar |",
    "blanks": "Blanks between columns",
    OTHER: "Other character",
}
QUOTES: dict[str, str | None] = {FIND_OUT: None, "double": '"', "single": "'", "none": ""}
QUOTE_WORDS = {
    FIND_OUT: "Find out",
    "double": 'Double "',
    "single": "Single '",
    "none": "Never quoted",
    OTHER: "Other",
}
ESCAPES: dict[str, str | None] = {FIND_OUT: None, "doubled": '"', "backslash": "\\"}
ESCAPE_WORDS = {
    FIND_OUT: "Find out",
    "doubled": 'Doubled ""',
    "backslash": "Backslash \\",
    OTHER: "Other",
}
DECIMALS = {".": "Point 1.5", ",": "Comma 1,5"}
THOUSANDS: dict[str, str] = {
    "": "None",
    ",": "Comma 1,234",
    ".": "Point 1.234",
    " ": "Blank 1 234",
    "'": "Apostrophe 1'234",
}
MULTI_VALUES: dict[str, str] = {
    "": "A field holds one value",
    "|": "Bar |",
    ";": "Semicolon ;",
    ",": "Comma ,",
    "/": "Slash /",
    "\t": "Tab",
    " ": "Blank",
}
USUAL_ENCODINGS: dict[str | None, str] = {
    None: "Find out from the file",
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16, low byte first",
    "utf-16-be": "UTF-16, high byte first",
    "cp1252": "Windows-1252, western Europe",
    "latin-1": "Latin-1, ISO 8859-1",
    "iso8859-15": "ISO 8859-15, with the euro sign",
    "cp1250": "Windows-1250, central Europe",
    "cp1251": "Windows-1251, Cyrillic",
    "shift_jis": "Shift JIS, Japanese",
    "gb18030": "GB 18030, Chinese",
}
_SAME = frozenset({"utf_8", "utf_16", "utf_16_le", "utf_16_be", "latin_1", "iso8859_15"})


def of_value(value: str | None, known: dict[str, str | None]) -> str:
    """Return the choice that stands for a value; OTHER for one that has no choice of its own."""
    return next((choice for choice, item in known.items() if item == value), OTHER)


@cache
def other_encodings() -> tuple[str, ...]:
    """Return what Python knows beyond the usual ones, as long as it is an encoding of text."""
    names = set(encodings.aliases.aliases.values()) - _SAME - set(USUAL_ENCODINGS)
    return tuple(sorted(name for name in names if _is_of_text(name)))


def _is_of_text(name: str) -> bool:
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        # Codecs that turn bytes into bytes, and those of another operating system.
        return False
    return True
