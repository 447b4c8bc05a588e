"""Finds out how a file's text is encoded and gives it on as UTF-8, block by block."""

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.base import limits
from engine.base.errors import MendData
from engine.files import refusals

UTF_8 = "utf-8"
WINDOWS = "windows-1252"
_BOM = codecs.BOM_UTF8
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (_BOM, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")
"""Declared so, their byte order is still to be found out; without a mark or a pattern it is Windows' own."""
_NUL_SHARE_OF_WIDE_TEXT = 0.15
_NUL_SHARE_OF_THE_OTHER_BYTE_MAX = 0.02
_LINES_TO_JUDGE = 10_000
_MARK = "\udc80"
"""Stands where a byte did not decode; its UTF-8 form is invalid, so the record is rejected as any other such."""
MARK_BYTES = _MARK.encode(UTF_8, "surrogatepass")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _MARK, error.end


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("handoff.mark", _mark)
codecs.register_error("handoff.latin-1", _as_latin_1)


def from_start(head: bytes, declared: str | None) -> str:
    """The encoding that the first bytes or the format tell; UTF_8 where they tell nothing (it may prove wrong)."""
    codec = None if declared is None else refusals.known_codec(declared)
    if codec not in (None, *_WIDE):
        return codec
    for bom, name in _BOMS:
        if head.startswith(bom) and (codec is None or name.startswith(codec)):
            return name
    return _wide_without_bom(head) or (UTF_8 if codec is None else f"{codec}-le")


def _wide_without_bom(head: bytes) -> str | None:
    """UTF-16 of mostly western text has NULs in every second byte and hardly any in the others."""
    half = len(head) // 2
    if not half or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    for name, filled, empty in (("utf-16-le", even, odd), ("utf-16-be", odd, even)):
        if empty > _NUL_SHARE_OF_WIDE_TEXT and filled <= _NUL_SHARE_OF_THE_OTHER_BYTE_MAX:
            try:
                head[: half * 2 - 4].decode(name, "strict")
            except UnicodeDecodeError as error:
                if error.start < half * 2 - 8:
                    continue
            return name
    return None


def not_utf_8(source: Path) -> str:
    """Judge a file that has invalid UTF-8 in it: windows-1252, or UTF-8 of which some lines are damaged.

    Text in windows-1252 hardly ever forms valid UTF-8 by chance, so the kind of line that is more
    frequent decides; the first lines that are not ASCII are asked.
    """
    valid = invalid = 0
    for line in _lines_not_ascii(source):
        try:
            line.decode(UTF_8)
            valid += 1
        except UnicodeDecodeError:
            invalid += 1
        if valid + invalid >= _LINES_TO_JUDGE:
            break
    return UTF_8 if valid > invalid else WINDOWS


def _lines_not_ascii(source: Path) -> Iterator[bytes]:
    rest = b""
    with source.open("rb") as handle:
        while block := handle.read(limits.READ_BLOCK_BYTES):
            if block.isascii() and rest.isascii():
                rest = block[-1:] if block[-1:] not in b"\r\n" else b""
                continue
            lines = re.split(rb"[\r\n]", rest + block)
            rest = lines.pop()[-limits.RECORD_BYTES_MAX :]
            yield from (line for line in lines if not line.isascii())
    if not rest.isascii():
        yield rest


def utf_8_blocks(
    source: Path, encoding: str, on_bytes: Callable[[bytes], None], name: str | None = None
) -> Iterator[bytes]:
    """The file's text in UTF-8 without its byte order mark, in blocks of any length.

    What does not decode becomes MARK_BYTES (invalid UTF-8 stays as it is). on_bytes gets each block
    of the file as it stands, before its text is given on. name: what people call the file, where it lies under
    another one.

    Raises:
        MendData: The codec refuses the text as a whole.
    """
    is_first = True
    decoder = _decoder(encoding)
    size = limits.READ_BLOCK_BYTES if decoder is None else limits.READ_BLOCK_BYTES // 2
    with source.open("rb") as handle:
        while block := handle.read(size):
            on_bytes(block)
            text = block if decoder is None else _decoded(name or source.name, decoder, block)
            if is_first and text:
                text, is_first = text.removeprefix(_BOM), False
            yield text
    if decoder is not None and (text := _decoded(name or source.name, decoder, b"", is_last=True)):
        yield text


def _decoded(name: str, decoder: codecs.IncrementalDecoder, block: bytes, *, is_last: bool = False) -> bytes:
    try:
        return decoder.decode(block, final=is_last).encode(UTF_8, "surrogatepass")
    except UnicodeError:
        # some codecs give up by themselves, whatever they were told to do with what does not decode
        raise MendData(f"The file {name} is no text in its declared encoding: choose another.") from None


def _decoder(encoding: str) -> codecs.IncrementalDecoder | None:
    if encoding in (UTF_8, "utf-8-sig"):
        return None
    if encoding == WINDOWS:
        return codecs.getincrementaldecoder("cp1252")("handoff.latin-1")
    return codecs.getincrementaldecoder(encoding)("handoff.mark")
