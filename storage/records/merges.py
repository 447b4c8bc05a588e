"""The plan of a merge: how one file's accepted rows become profiles, said without SQL."""

from dataclasses import dataclass

from storage.records.goals import PropertyType, Strategy

HASH_VERSION = 1
"""How row hashes are made. A new version must recognise old rows by the old way first (ruling 15)."""


@dataclass(frozen=True)
class Fill:
    """One mapping, ready to run: column number `column` of the file fills `property`.

    fresh_rows_only: rows that an earlier import applied are left out, because their sums are in already.
    """

    column: int
    field: str
    property: str
    type: PropertyType
    strategy: Strategy
    format: str | None
    fresh_rows_only: bool


@dataclass(frozen=True)
class MergePlan:
    """One file into profiles.

    known_by: the file's columns by which rows of the last import are recognised; None where there was none.
    remember_by: the columns by which the next import will recognise these rows.
    known_rows_again: the configuration changed, so known rows run again (for the fills that allow it).
    fingerprint, sums: what is remembered of the configuration (see engine.mapping.plan).
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
    key_column: int
    key_field: str
    key_property: str
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


@dataclass(frozen=True)
class FileSeen:
    """What the last import of one file left: its content's SHA-256, the configuration, how rows are known."""

    sha256: str
    size_bytes: int
    fingerprint: str
    sums: tuple[str, ...]
    lapsed_sums: tuple[str, ...]
    hash_columns: tuple[str, ...]
    hash_version: int
    run_id: str
    counts: dict[str, object]
