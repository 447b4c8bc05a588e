"""An import goal: which files, how they are written, which field fills which property and how."""

from dataclasses import dataclass
from enum import StrEnum


class PropertyType(StrEnum):
    """What a profile property holds. Decimal keeps 10 places exactly; date has no time of day."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"


class Strategy(StrEnum):
    """How a value meets the value that is already there (requirements M20, M21, M23)."""

    SET = "set"
    SET_IF_EMPTY = "set_if_empty"
    SUM = "sum"


BLANKS = "blanks"
"""The separator of files whose columns stand apart by one or more blanks."""


@dataclass(frozen=True)
class FileFormat:
    """How files are written. separator is one character or BLANKS; None = found out from the file.

    encoding is a Python codec name; None = found out from the file.
    """

    separator: str | None = ","
    header: bool = True
    encoding: str | None = None


@dataclass(frozen=True)
class Identifier:
    """The field of the file that says whose row it is, and the unique property it is compared with."""

    field: str
    property: str


@dataclass(frozen=True)
class Mapping:
    """One field of the file fills one property. format is a strptime pattern, for dates only."""

    field: str
    property: str
    type: PropertyType
    strategy: Strategy
    format: str | None = None


class PatternKind(StrEnum):
    """How a goal names its files: a wildcard with * and ?, or a regular expression (requirement P11)."""

    WILDCARD = "wildcard"
    REGEX = "regex"


@dataclass(frozen=True)
class ImportGoal:
    """One row of ctl.goal. files is a pattern of the kind files_kind, "" for every file.

    folder is absolute at the server, the mailbox folder for mail that we fetch, "/" where partners push to us.
    """

    goal_id: str
    connection_id: str
    version: int
    folder: str
    files: str
    format: FileFormat
    identifiers: tuple[Identifier, ...]
    create_profiles: bool
    mappings: tuple[Mapping, ...]
    files_kind: PatternKind = PatternKind.WILDCARD


@dataclass(frozen=True)
class Property:
    """What a profile can hold. is_unique: it can link rows to profiles."""

    name: str
    type: PropertyType
    is_unique: bool
