"""Keeps records that do not fit: their quotes are read leniently, then they are padded or cut to the right length."""

from engine.files import encoding, lenient
from engine.files.one_by_one import Marks

_OTHER_SEPARATORS = b",;\t| "
_BLANK = 32
_COLUMNS_BETWEEN_BLANKS_MIN = 5
"""Words of a text stand between blanks too; so many of them, just as many as there are columns, hardly ever do."""
_NAMES_ALIKE_MIN = 2


class Mender:
    """Mends the records of one file; remembers where another table begins, whose rows are left out."""

    def __init__(self, marks: Marks, columns: int, names: tuple[str, ...], *, is_blanks: bool) -> None:
        """Take how the file is written, how many columns it has, and their names where it has any."""
        self._marks, self._columns, self._is_blanks = marks, columns, is_blanks
        self._names = [name.casefold() for name in names]
        self._other_table_line = 0

    def __call__(self, record: bytes, line: int) -> tuple[list[bytes] | None, str]:
        """The fields of a record without its line end, and what was done to it; None where it stays out."""
        text, done = _as_text(record)
        fields = self._fields(text)
        if self._begins_another_table(fields):
            self._other_table_line = line
        if self._other_table_line:
            return None, f"belongs to another table, which begins in line {self._other_table_line:,}"
        if len(fields) == self._columns:
            return fields, done or "its stray quotes are kept as text"
        return fitted(fields, self._columns), "; ".join(filter(None, (done, self._said(len(fields)))))

    def _said(self, count: int) -> str:
        return "empty columns are added" if count < self._columns else "what is beyond the columns is cut"

    def _fields(self, text: bytes) -> list[bytes]:
        if self._is_blanks:
            return text.split()
        fields = lenient.parse(text, self._marks, self._columns)
        if len(fields) >= self._columns:
            return fields
        for other in _OTHER_SEPARATORS:
            if other == self._marks.separator or (other == _BLANK and self._columns < _COLUMNS_BETWEEN_BLANKS_MIN):
                continue
            found = lenient.parse(text, Marks(other, self._marks.quote, self._marks.escape), self._columns)
            if len(found) == self._columns > _NAMES_ALIKE_MIN:
                return found
        return fields

    def _begins_another_table(self, fields: list[bytes]) -> bool:
        """Whether the record names our columns again, but fewer or more of them."""
        names = [field.decode("utf-8", "replace").strip().casefold() for field in fields]
        alike = min(len(names), len(self._names))
        if alike < _NAMES_ALIKE_MIN or len(names) == len(self._names):
            return False
        return names[:alike] == self._names[:alike]


def fitted(fields: list[bytes], columns: int) -> list[bytes]:
    """The fields padded with empty ones, or cut: empty ones go first, from the right, because that loses nothing."""
    fields = fields + [b""] * (columns - len(fields))
    for place in range(len(fields) - 1, -1, -1):
        if len(fields) == columns:
            break
        if not fields[place].strip():
            del fields[place]
    return fields[:columns]


def _as_text(record: bytes) -> tuple[bytes, str]:
    """The record without NUL characters and bytes that are no text."""
    done = []
    if b"\0" in record:
        record = record.replace(b"\0", b"")
        done.append("its NUL characters are left out")
    try:
        record.decode()
    except UnicodeDecodeError:
        record = record.replace(encoding.MARK_BYTES, "\ufffd".encode()).decode("utf-8", "replace").encode()
        done.append("what is no text in it became a replacement character")
    return record, "; ".join(done)
