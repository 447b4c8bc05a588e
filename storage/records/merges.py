"""The plan of a merge: how one file's accepted rows become profiles, said without SQL."""

import builtins
from dataclasses import dataclass

from storage.records.goals import USUAL_VALUES, ActionFields, MatchRule, PropertyType, Strategy, ValueFormat

HASH_VERSION = 1
"""How row hashes are made. A new version must recognise old rows by the old way first (ruling 15)."""


@dataclass(frozen=True)
class Fill:
    """One mapping, ready to run: column number `column` of the file fills `property`.

    type is what the file's values are read as; holds is the property's own type, as wide or wider. format: the
    strptime pattern of dates and date-times. clears: an empty value empties the property.
    fresh_rows_only: rows that an earlier import applied are left out, because their sums are in already.
    is_full: no row of the file is empty in the column.
    mark: what the fill's contributions are remembered as (engine.mapping.plan.sum_fingerprint); "" where not.
    """

    column: int
    field: str
    property: str
    type: PropertyType
    strategy: Strategy
    format: str | None
    fresh_rows_only: bool
    values: ValueFormat = USUAL_VALUES
    clears: bool = False
    holds: PropertyType | None = None
    mark: str = ""
    is_full: bool = False

    @builtins.property  # the word itself is a field here
    def kind(self) -> PropertyType:
        """The type of the property itself."""
        return self.holds or self.type


@dataclass(frozen=True)
class Link:
    """One identifier, ready to run: column number `column` of the file is compared with the unique `property`."""

    column: int
    field: str
    property: str


@dataclass(frozen=True)
class ActionPlan:
    """The actions of a file: their columns by number, None where the file has none, and what the rows are.

    changes: the rows change actions that are there, and make none. type: the data type's word. values: how amounts and
    times are written.
    """

    source: str
    type: str
    changes: bool
    key: int
    time: int | None
    time_format: str | None
    amount: int | None
    state: int | None
    fields: ActionFields
    values: ValueFormat = USUAL_VALUES


@dataclass(frozen=True)
class MergePlan:
    """One file into profiles.

    known_by: the file's columns by which rows of the last import are recognised; None where there was none.
    remember_by: the columns by which the next import will recognise these rows.
    known_rows_again: the configuration changed, so known rows run again (for the fills that allow it).
    fingerprint, sums: what is remembered of the configuration (see engine.mapping.plan).
    links: the identifiers, in their order. row_key: the columns that a row is known by, empty: by its content.
    rejected_percent_max, shrink_percent_max: as in the goal; None: no limit (a person said so, or nobody set one).
    changes_path, changes_key: where what the merge replaces is kept (storage.tables.changes), as a path without its
    ending and as a key of the spool; None: nowhere.
    remembers_later: rows of a new file may be remembered after the run (storage.tables.to_remember).
    compares_later: what the merge replaces may be told from what it wrote after it (storage.tables.before_tables).
    revision: a number that belongs to the run, written to every profile that it touches.
    """

    run_id: str
    goal_id: str
    file_name: str
    sha256: str
    size_bytes: int
    accepted_path: str
    rejects_path: str
    columns: tuple[str, ...]
    separator: str
    records: int
    links: tuple[Link, ...]
    create_profiles: bool
    fills: tuple[Fill, ...]
    known_by: tuple[int, ...] | None
    remember_by: tuple[int, ...]
    known_rows_again: bool
    fingerprint: str
    sums: tuple[str, ...]
    lapsed_sums: tuple[str, ...]
    revision: int
    profile_id_base: int
    match: MatchRule = MatchRule.IN_ORDER
    row_key: tuple[int, ...] = ()
    action: ActionPlan | None = None
    goal_version: int = 1
    rejected_percent_max: float | None = None
    shrink_percent_max: float | None = None
    changes_path: str | None = None
    changes_key: str = ""
    remembers_later: bool = False
    compares_later: bool = False

    @property
    def has_keys(self) -> bool:
        """Whether rows are known again by a key, not by their content."""
        return bool(self.row_key) or self.action is not None

    @property
    def key_columns(self) -> tuple[int, ...]:
        """The columns of the key that rows are known by: the action's, else the row key's; empty: by content."""
        return (self.action.key,) if self.action is not None else self.row_key

    @property
    def is_plain(self) -> bool:
        """Whether one identifier alone says whose row it is and rows are known by their content: the short way."""
        return len(self.links) == 1 and not self.has_keys


@dataclass(frozen=True)
class FileSeen:
    """What the last import of one file left: its content's SHA-256, the configuration, how rows are known.

    rows_fingerprint: the configuration before, where the last import was reverted; else None.
    """

    sha256: str
    size_bytes: int
    fingerprint: str
    sums: tuple[str, ...]
    lapsed_sums: tuple[str, ...]
    hash_columns: tuple[str, ...]
    hash_version: int
    run_id: str
    counts: dict[str, object]
    rows_fingerprint: str | None = None

    @property
    def applied_by(self) -> str:
        """The configuration by which the rows that are remembered were applied."""
        return self.rows_fingerprint or self.fingerprint
