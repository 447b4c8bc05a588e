"""An import goal: which files, how they are written, which field fills which property and how."""

from dataclasses import dataclass
from enum import StrEnum


class PropertyType(StrEnum):
    """What a profile property holds.

    Decimal keeps 10 places exactly; date has no time of day; a date-time is UTC; a list holds texts, in order,
    each once.
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATE_TIME = "date-time"
    BOOLEAN = "boolean"
    LIST = "list"


class Strategy(StrEnum):
    """How a value meets the value that is already there (requirements M20 to M23)."""

    SET = "set"
    SET_IF_EMPTY = "set_if_empty"
    ADD = "add"
    SUM = "sum"


BLANKS = "blanks"
"""The separator of files whose columns stand apart by one or more blanks."""


@dataclass(frozen=True)
class FileFormat:
    """How files are written. None = found out from the file.

    separator: one character, or BLANKS. encoding: a Python codec name. quote: one character, "" where fields never
    stand in quotes. escape: what stands before a quote that belongs to a field: the quote itself (doubled), or
    another character. preamble_lines: lines before the header that are no table. header_lines: how many records name
    the columns, their names joined by a blank; header is false where none does.
    """

    separator: str | None = ","
    header: bool = True
    encoding: str | None = None
    quote: str | None = None
    escape: str | None = None
    preamble_lines: int | None = 0
    header_lines: int = 1


@dataclass(frozen=True)
class ValueFormat:
    """How values are written in the files of a goal.

    decimal: "." or ",". thousands: what groups digits, "" where nothing does. multi_value: what stands between the
    values of a list, "" where a field is one value. date and date_time: strptime patterns of mappings that have none
    of their own. time_zone: the IANA zone of date-times that do not tell their own.
    """

    decimal: str = "."
    thousands: str = ""
    multi_value: str = ""
    date: str | None = None
    date_time: str | None = None
    time_zone: str = "UTC"


USUAL_VALUES = ValueFormat()


@dataclass(frozen=True)
class Identifier:
    """The field of the file that says whose row it is, and the unique property it is compared with."""

    field: str
    property: str


@dataclass(frozen=True)
class Mapping:
    """One field of the file fills one property.

    format: a strptime pattern, for dates and date-times only. clears: an empty value empties the property (ruling 9).
    """

    field: str
    property: str
    type: PropertyType
    strategy: Strategy
    format: str | None = None
    clears: bool = False


class MatchRule(StrEnum):
    """Which of several identifiers says whose row it is (requirement M13).

    Rows are taken in the order of the file, and each sees the profiles as those before it left them. One that finds
    nobody makes a profile, where the goal allows it. A row whose identifiers are those of two profiles is rejected, and
    both are named; what is rejected changes nothing. In order: the first of the list that finds a profile decides. A
    profile follows the row in the identifiers below that one, and what it had there is nobody's from then on; where an
    identifier above it, with a value in the row, has another value in the profile, the row is rejected. Any: they
    count alike, and what a profile has already stays as it is: the row's value stays nobody's. Empty identifiers of a
    profile are filled either way.
    """

    IN_ORDER = "in_order"
    ANY = "any"


@dataclass(frozen=True)
class ActionFields:
    """Which fields make an action of a row (ruling 12).

    source: the name of what numbers these actions, e.g. "webshop": a key is unique within it, and modifications name
    the source whose actions they change. key, time, amount, state: fields of the file; None where it has none.
    time_format: a strptime pattern of `time`.
    """

    source: str
    key: str
    time: str | None = None
    time_format: str | None = None
    amount: str | None = None
    state: str | None = None


SHRINK_PERCENT_USUAL = 50.0
"""What goals of the wizard begin with: a file that takes more of an audience away is rather a mistake than a wish."""


class PatternKind(StrEnum):
    """How a goal names its files: a wildcard with * and ?, or a regular expression (requirement P11)."""

    WILDCARD = "wildcard"
    REGEX = "regex"


@dataclass(frozen=True)
class ImportGoal:
    """One row of ctl.goal. files is a pattern of the kind files_kind, "" for every file.

    folder is absolute at the server, the mailbox folder for mail that we fetch, "/" where partners push to us.
    row_key: the fields by which a row is known again in any file of the goal; empty: by its content (ruling 15).
    rejected_percent_max: a file with a larger share of rejected rows is not merged; None: any share is.
    shrink_percent_max: a file after which a larger share of some audience would leave waits for a person; None: none.
    is_on: runs take it; else it rests, its files wait, and what is wrong with it is in nobody's way.
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
    values: ValueFormat = USUAL_VALUES
    match: MatchRule = MatchRule.IN_ORDER
    row_key: tuple[str, ...] = ()
    action: ActionFields | None = None
    rejected_percent_max: float | None = None
    shrink_percent_max: float | None = None
    is_on: bool = True


@dataclass(frozen=True)
class Property:
    """What a profile can hold. is_unique: it can link rows to profiles."""

    name: str
    type: PropertyType
    is_unique: bool
