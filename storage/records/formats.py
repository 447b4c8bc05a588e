"""How values may be written in files and rules: the words and signs that reading, checking and saying share."""

ISO_FORMATS = frozenset({"ISO 8601", "ISO"})
"""In the place of a pattern: 2026-11-21, or 2026-11-21T10:30[:00[.123]][Z or +01:00], a blank for the T as well."""

TRUE_WORDS = ("true", "yes", "y", "t", "1")
FALSE_WORDS = ("false", "no", "n", "f", "0")
"""In any case. Words of other languages are texts: nothing is guessed."""

THOUSANDS = {
    "": "",
    ".": ".",
    ",": ",",
    " ": " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}",
    "'": "'\N{RIGHT SINGLE QUOTATION MARK}",
}
"""What may group the digits of a number, with the letters that are meant by it: programs write blanks in four ways."""
