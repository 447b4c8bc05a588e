"""Says why a whole file cannot be read as a table: one sentence that names the file and what to do next."""

import codecs
import re

from engine.base.errors import BadInput, MendData
from storage.records.goals import BLANKS, FileFormat

_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_NOT_TEXT = (b"\xd0\xcf\x11\xe0", b"%PDF", b"PAR1", b"SQLite format", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF")
_WEB_PAGE = re.compile(rb"(?i)<(!doctype|!--|\?xml|html|head|body|script|error|[a-z][a-z0-9:]*[ />])")
_JSON = re.compile(rb"""\{\s*["}]|\[\s*[\[{"\]]""")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
_CONTROLS_SHARE_MAX = 0.2
_SEPARATOR_CHARACTERS_MAX = 10
_USUAL_QUOTE = '"'


def check_start(name: str, head: bytes) -> None:
    """Refuse what is no text by its first bytes as they stand in the file.

    Raises:
        MendData: It is empty, compressed or binary.
    """
    if not head.strip(b"\0"):
        raise no_data(name)
    if head.startswith(_COMPRESSED):
        raise MendData(f"The file {name} is packed in a way that is not read: send it as gz, as zip, or unpacked.")
    if head.startswith(_NOT_TEXT):
        raise _not_text(name)


def check_text(name: str, text: bytes, separator: str | None) -> None:
    """Refuse pages and documents that carry a table's name. text: the start of the file in UTF-8.

    Raises:
        MendData: It is a web page, JSON, or full of characters that no text has.
    """
    start = text.lstrip(b" \t\r\n\f\0")
    if _WEB_PAGE.match(start):
        raise MendData(f"The file {name} is a web page (HTML or XML), not a table: look at what its sender stored.")
    if _JSON.match(start):
        raise MendData(f"The file {name} is JSON, not a table: have it written as delimited text.")
    controls = _CONTROLS
    for mark in (separator or "") if separator != BLANKS else "":
        controls = controls.replace(mark.encode(), b"")
    if start and len(text) - len(text.translate(None, controls)) > len(text) * _CONTROLS_SHARE_MAX:
        raise _not_text(name)


def _not_text(name: str) -> MendData:
    return MendData(f"The file {name} is not a text file: have it written as delimited text.")


def no_data(name: str) -> MendData:
    """The file holds no record and no header."""
    return MendData(f"The file {name} has no data: ask its sender for a whole one.")


def only_a_header(name: str) -> MendData:
    """The file ends after its header."""
    return MendData(f"The file {name} has a header and no rows: ask its sender for a whole one.")


def no_row_fits(name: str, line: int, detail: str) -> MendData:
    """Every record was rejected; line and detail are those of the first."""
    return MendData(f"In the file {name} no row fits the header (line {line} {detail}): check separator and encoding.")


def check_format(file_format: FileFormat) -> None:
    """Refuse ways of writing that cannot be.

    Raises:
        BadInput: A separator, quote or escape that cannot be told from the rest, or a number of lines that is none.
    """
    check_separator(file_format.separator)
    separator, quote, escape = file_format.separator, file_format.quote, file_format.escape
    if quote and (len(quote) != 1 or quote in "\r\n\0 " or (separator not in (None, BLANKS) and quote in separator)):
        raise BadInput("A quote is one character that is no part of the separator: choose another.", "format")
    if quote is None and separator not in (None, BLANKS) and _USUAL_QUOTE in separator:
        raise BadInput("The separator holds the usual quote: say which quote the file has, or none.", "format")
    if escape is not None and escape != quote:
        is_bad = len(escape) != 1 or escape in "\r\n\0 "
        if is_bad or (separator not in (None, BLANKS) and escape in separator):
            raise BadInput("An escape is one character that is no part of the separator: choose another.", "format")
    if file_format.header_lines < 1 or (file_format.preamble_lines or 0) < 0:
        raise BadInput("Lines before the header are 0 or more, those of the header 1 or more: mend them.", "format")


def check_separator(separator: str | None) -> None:
    """Refuse separators that cannot stand between columns.

    Raises:
        BadInput: It is empty or long, or has another meaning in such files.
    """
    if separator in (None, BLANKS):
        return
    if not 1 <= len(separator) <= _SEPARATOR_CHARACTERS_MAX or set(separator) & set("\r\n\0"):
        most = _SEPARATOR_CHARACTERS_MAX
        raise BadInput(f"A separator is 1 to {most} characters without line ends: choose another.", "format")


def known_codec(encoding: str) -> str:
    """The codec's own name of a declared encoding.

    Raises:
        BadInput: Nobody knows it, or it is no encoding of text.
    """
    try:
        codecs.getincrementaldecoder(encoding)
        "a".encode(encoding)  # only this tells encodings of text from the other codecs
    except (LookupError, ValueError):
        sentence = f"The encoding {encoding} is not known here: choose another or leave it open."
        raise BadInput(sentence, "format") from None
    return codecs.lookup(encoding).name
