"""Says what differs between two states of an import goal, one short phrase a difference; pure."""

from collections.abc import Iterator
from dataclasses import fields

from pages.parts import words
from pages.parts.mapping_rows import STRATEGY_WORDS
from storage.records.goals import ActionFields, ImportGoal, Mapping

_FORMAT_WORDS = {
    "separator": "field separator",
    "header": "header",
    "encoding": "encoding",
    "quote": "quote",
    "escape": "escape",
    "preamble_lines": "lines before the header",
    "header_lines": "header lines",
}
_VALUE_WORDS = {
    "decimal": "decimal separator",
    "thousands": "thousands separator",
    "multi_value": "multi-value separator",
    "date": "date format",
    "date_time": "date-time format",
    "time_zone": "time zone",
}
_GOAL_WORDS = {
    "folder": "folder",
    "files": "file pattern",
    "files_kind": "kind of pattern",
    "identifiers": "identifiers",
    "match": "order of identifiers",
    "row_key": "row key",
    "create_profiles": "creation of profiles",
    "rejected_percent_max": "limit of rejected rows",
    "shrink_percent_max": "limit of leaving profiles",
}
_ACTION_WORDS = {
    "source": "source of actions",
    "key": "key of actions",
    "time": "time of actions",
    "time_format": "time format of actions",
    "amount": "amount of actions",
    "state": "state of actions",
}


def between(before: ImportGoal, after: ImportGoal) -> list[str]:
    """Return every difference in the order of the page's parts; a changed mapping is one."""
    found = [word for name, word in _GOAL_WORDS.items() if getattr(before, name) != getattr(after, name)]
    if before.is_on != after.is_on:
        found.append("ticked" if after.is_on else "not ticked")
    for word_of, old, new in (
        (_FORMAT_WORDS, before.format, after.format),
        (_VALUE_WORDS, before.values, after.values),
        (_ACTION_WORDS, before.action or ActionFields("", ""), after.action or ActionFields("", "")),
    ):
        found += [word_of[item.name] for item in fields(old) if getattr(old, item.name) != getattr(new, item.name)]
    return [*found, *_mappings(before.mappings, after.mappings)]


def _mappings(before: tuple[Mapping, ...], after: tuple[Mapping, ...]) -> Iterator[str]:
    kept_before, kept_after = frozenset(before), frozenset(after)
    gone = [item for item in before if item not in kept_after]
    for item in after:
        if item in kept_before:
            continue
        # The same property is the same mapping; else one of the same field was led elsewhere.
        old = next((one for one in gone if one.property == item.property), None)
        old = old or next((one for one in gone if one.field == item.field), None)
        if old is None:
            yield f"{item.property} added"
            continue
        gone.remove(old)
        yield _mapping(old, item)
    for item in gone:
        yield f"{item.property} removed"


def _mapping(old: Mapping, new: Mapping) -> str:
    said = []
    if old.property != new.property:
        said.append(f"to {new.property}")
    if old.field != new.field:
        said.append(f"from {new.field}")
    if old.type is not new.type:
        said.append(new.type.value)
    if old.strategy is not new.strategy:
        said.append(STRATEGY_WORDS[new.strategy])
    if old.format != new.format:
        said.append(new.format or "no date format")
    if old.clears != new.clears:
        said.append("empty clears" if new.clears else "empty keeps")
    return f"{old.property}: {', '.join(said)}"


def count(before: ImportGoal, after: ImportGoal) -> int:
    """Return how many things differ."""
    return 0 if before is after else len(between(before, after))


def listed(changes: list[str], most: int) -> str:
    """Return the changes as one line, at most so many of them by name."""
    left_out = len(changes) - most
    more = f" and {words.count(left_out)} more" if left_out > 0 else ""
    return ", ".join(changes[:most]) + more
