"""What a remote listing, a fetched file and the reading of a file say."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

CUT = " [cut here; the record goes on]"
"""Ends what is kept of a rejected record or value that is longer than is kept."""


@dataclass(frozen=True)
class RemoteFile:
    """One regular file in a remote folder. name is the base name; changed_at is UTC, None if not told."""

    name: str
    size_bytes: int
    changed_at: datetime | None


@dataclass(frozen=True)
class Look:
    """A remote file's size and time (UTC, None if not told), and since when they have been seen so."""

    size_bytes: int
    changed_at: datetime | None
    looked_at: datetime


@dataclass(frozen=True)
class FetchedFile:
    """A remote file that now lies in the spool, whole. sha256 is lower-case hex of its bytes."""

    name: str
    size_bytes: int
    changed_at: datetime | None
    sha256: str
    spool_key: str


class RejectReason(StrEnum):
    """Why a row could not be used. Stable codes; pages show their words."""

    TOO_FEW_COLUMNS = "too_few_columns"
    TOO_MANY_COLUMNS = "too_many_columns"
    QUOTE_NOT_CLOSED = "quote_not_closed"
    QUOTE_MISPLACED = "quote_misplaced"
    NUL_CHARACTER = "nul_character"
    NOT_IN_ENCODING = "not_in_encoding"
    FIELD_TOO_LONG = "field_too_long"
    NOT_AN_INTEGER = "not_an_integer"
    NOT_A_DECIMAL = "not_a_decimal"
    IMPOSSIBLE_DATE = "impossible_date"
    NOT_A_DATE_TIME = "not_a_date_time"
    NO_SUCH_TIME = "no_such_time"
    NOT_A_BOOLEAN = "not_a_boolean"
    IDENTIFIER_EMPTY = "identifier_empty"
    IDENTIFIER_CONFLICT = "identifier_conflict"
    ROW_KEY_EMPTY = "row_key_empty"
    ACTION_OF_ANOTHER = "action_of_another"
    NOTHING_TO_CHANGE = "nothing_to_change"


@dataclass(frozen=True)
class FileReading:
    """What reading one file gave; every data record is in exactly one of the two Parquet files.

    records: data records (without header and blank lines), counted from the bytes, not by the parser.
    accepted_path: Parquet, columns line (BIGINT, 1-based physical line of the record's start) and
        c0..cN-1 (VARCHAR, never null; empty stays empty) in the order of `columns`.
    rejects_path: Parquet, columns line (BIGINT), reason (VARCHAR, a RejectReason), detail (VARCHAR, one
        sentence), raw (VARCHAR, the record as it stood, at most REJECT_RAW_CHARACTERS_MAX).
    quote: "" where fields never stand in quotes. escape: the quote where it is doubled. preamble_lines: physical
        lines before the header. header_lines: 0 without one. is_encoding_detected, is_dialect_detected: not, or not
        wholly, told by the format.
    mended: how many of the accepted did not fit as they stood and were salvaged; mended_path: as rejects_path, of
        those, "" where nothing was to be salvaged.
    preamble: the lines before the header as they stood, each at most REJECT_RAW_CHARACTERS_MAX, where they were
        found out and not told.
    full_columns: numbers of the columns in which no accepted row is empty.
    """

    sha256: str
    size_bytes: int
    encoding: str
    separator: str
    columns: tuple[str, ...]
    records: int
    accepted: int
    rejected: int
    blank_lines: int
    ends_with_newline: bool
    accepted_path: str
    rejects_path: str
    notes: tuple[str, ...] = field(default=())
    quote: str = '"'
    escape: str = '"'
    preamble_lines: int = 0
    header_lines: int = 1
    is_encoding_detected: bool = False
    is_dialect_detected: bool = False
    mended: int = 0
    mended_path: str = ""
    preamble: tuple[str, ...] = ()
    full_columns: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "FileReading":
        """Build it from what a worker process printed."""
        lists = {name: tuple(values[name]) for name in ("columns", "notes", "preamble", "full_columns")}
        return cls(**{**values, **lists})


@dataclass(frozen=True)
class HostKey:
    """What a server shows to prove who it is: the kind ("ssh-ed25519") and "SHA256:..." as ssh-keygen prints it."""

    kind: str
    fingerprint: str


@dataclass(frozen=True)
class Stage:
    """One step of a connection test; said is one sentence. Names: resolve, connect, host key, sign in, list."""

    name: str
    ok: bool
    said: str
    took_ms: int


@dataclass(frozen=True)
class Listing:
    """What lies in a remote folder: the files that are taken, and each other name with a short reason."""

    files: tuple[RemoteFile, ...]
    not_taken: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FilePreview:
    """What the start of a file looks like, before anything is imported.

    rows: the first accepted rows, each as its physical line and its texts. records and rejected count what
    was looked at; is_whole says whether that was the whole file. rows_estimated: records of the whole file, exact
    where is_whole; None where it cannot be told. The rest is as in FileReading.
    """

    encoding: str
    separator: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    records: int
    rejected: int
    is_whole: bool
    rows_estimated: int | None = None
    quote: str = '"'
    escape: str = '"'
    preamble_lines: int = 0
    header_lines: int = 1
    is_encoding_detected: bool = False
    is_dialect_detected: bool = False

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "FilePreview":
        """Build it from what a worker process printed."""
        rows = tuple((line, tuple(texts)) for line, texts in values["rows"])
        return cls(**{**values, "columns": tuple(values["columns"]), "rows": rows})
