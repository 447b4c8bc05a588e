"""Which rows of the mapping editor are shown: by a search and a pill, a page at a time; pure."""

from collections.abc import Sequence
from enum import StrEnum

from pages.parts import mapping_rows
from pages.parts.mapping_rows import MappingRow, Surroundings

ROWS_A_PAGE = 100
"""More rows make each run of the page slower, and nobody reads them without a search."""


class Show(StrEnum):
    """The pills above the editor."""

    ALL = "all"
    MAPPED = "mapped"
    NOT_MAPPED = "not_mapped"
    WARNINGS = "warnings"


WORDS = {Show.ALL: "All", Show.MAPPED: "Mapped", Show.NOT_MAPPED: "Not mapped", Show.WARNINGS: "Warnings"}


def is_of(row: MappingRow, show: Show, around: Surroundings) -> bool:
    """Say whether a row belongs to a pill; identifiers are used, so they count as mapped."""
    if show is Show.ALL:
        return True
    if show is Show.WARNINGS:
        return bool(mapping_rows.WARNINGS.intersection(mapping_rows.notes_of(row, around)))
    is_mapped = bool(row.property) or row.field in around.links
    return is_mapped if show is Show.MAPPED else not is_mapped


def counts(rows: Sequence[MappingRow], around: Surroundings) -> dict[Show, int]:
    """Return how many rows each pill would show."""
    return {show: sum(is_of(row, show, around) for row in rows) for show in Show}


def chosen(rows: Sequence[MappingRow], search: str, show: Show, around: Surroundings) -> tuple[int, ...]:
    """Return the numbers of the rows that a pill and a search leave; fields and properties are searched."""
    wanted = search.strip().casefold()
    return tuple(
        number
        for number, row in enumerate(rows)
        if (not wanted or wanted in row.field.casefold() or wanted in row.property.casefold())
        and is_of(row, show, around)
    )


def pages(rows: int) -> int:
    """Return how many pages so many rows take; at least one."""
    return max(1, -(-rows // ROWS_A_PAGE))


def page_of(numbers: Sequence[int], page: int) -> tuple[int, ...]:
    """Return the numbers on one page, counted from 1; a page beyond the last is the last."""
    start = (min(max(page, 1), pages(len(numbers))) - 1) * ROWS_A_PAGE
    return tuple(numbers[start : start + ROWS_A_PAGE])
