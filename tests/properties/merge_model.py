"""What an import comes to, in plain Python: written from the rulings, to hold the SQL of the merge against."""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.mapping.strategies import Value, combine
from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy
from storage.records.runs import RunCounts

Row = dict[str, str]
Sum = tuple[str, str, str]
Numbered = list[tuple[Row, bool]]


class RefusedError(Exception):
    """The file may not be merged; nothing changes."""


class WouldMissError(RefusedError):
    """A new sum would miss rows that are in older ones."""


class BadValueError(Exception):
    """The text does not fit the type."""


@dataclass(frozen=True)
class Memory:
    """What the last import of one file left behind."""

    configuration: tuple[object, ...]
    sums: frozenset[Sum]
    lists: frozenset[Sum]
    lapsed: frozenset[Sum]
    columns: tuple[str, ...]
    rows: Counter[tuple[str, ...]]


@dataclass
class Model:
    """Profiles by identifier, and what imports remember."""

    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    memory: dict[tuple[str, str], Memory] = field(default_factory=dict)

    def take(self, goal: ImportGoal, rows: list[Row], file_name: str, unread: int) -> RunCounts:
        """Import one file and return its counts.

        Raises:
            RefusedError: A sum was taken out and put back (rows in between cannot be told from the others).
        """
        before = self.memory.get((goal.goal_id, file_name))
        sums = frozenset(_mark(mapping) for mapping in goal.mappings if mapping.strategy is Strategy.SUM)
        lists = frozenset(_mark(mapping) for mapping in goal.mappings if mapping.strategy is Strategy.ADD)
        old = before.sums | before.lists if before else frozenset()
        if before and sums & before.lapsed:
            raise RefusedError
        key = goal.identifiers[0].field
        configuration = (goal.create_profiles, goal.mappings)
        again = before is not None and before.configuration != configuration
        numbered = _known(rows, before)
        running = [(row, known) for row, known in numbered if again or not known]
        good, rejected = _good(goal, running)
        matched = [item for item in good if goal.create_profiles or item[0][key] in self.profiles]
        owed = [row for row, known in running if known and (row, known) not in matched and _gives(goal, row, old)]
        if owed and old & sums:
            raise WouldMissError
        counts = self._apply(goal, matched, old)
        columns = tuple(sorted({key, *(mapping.field for mapping in goal.mappings)}))
        kept = [row for row, known in matched if not known]
        kept += [row for row, known in numbered if known and row not in owed]
        self.memory[goal.goal_id, file_name] = Memory(
            configuration=configuration,
            sums=sums,
            lists=lists,
            lapsed=((before.sums if before else frozenset()) | (before.lapsed if before else frozenset())) - sums,
            columns=columns,
            rows=Counter(tuple(row[name] for name in columns) for row in kept),
        )
        skipped = len(good) - len(matched)
        return RunCounts(
            read=len(rows) + unread,
            applied=len(matched),
            unchanged=len(rows) - len(running),
            skipped={"no_match": skipped} if skipped else {},
            rejected=rejected + unread,
            created=counts[0],
            updated=counts[1],
            files_taken=1,
        )

    def _apply(self, goal: ImportGoal, matched: Numbered, old: frozenset[Sum]) -> tuple[int, int]:
        by_key: dict[str, Numbered] = defaultdict(list)
        for row, known in matched:
            by_key[row[goal.identifiers[0].field]].append((row, known))
        created = updated = 0
        for key, group in by_key.items():
            created, updated = (created, updated + 1) if key in self.profiles else (created + 1, updated)
            profile = self.profiles.setdefault(key, {"customer_id": key})
            for mapping in goal.mappings:
                is_in = _mark(mapping) in old and mapping.strategy in (Strategy.SUM, Strategy.ADD)
                values = tuple(cast(mapping, row[mapping.field]) for row, known in group if not (known and is_in))
                present = profile.get(mapping.property)
                profile[mapping.property] = combine(mapping.strategy, present, values, clears=mapping.clears)
        return created, updated


def _mark(mapping: Mapping) -> Sum:
    return (mapping.field, mapping.property, mapping.type.value)


def _gives(goal: ImportGoal, row: Row, old: frozenset[Sum]) -> bool:
    """Say whether a row holds a value for a sum that is new."""
    for mapping in goal.mappings:
        if mapping.strategy is Strategy.SUM and _mark(mapping) not in old:
            try:
                if cast(mapping, row[mapping.field]) is not None:
                    return True
            except BadValueError:
                continue
    return False


def _known(rows: list[Row], before: Memory | None) -> Numbered:
    """Tell known rows from fresh ones: the n-th of equal rows is known where n were remembered (ruling 15)."""
    left = Counter(before.rows) if before else Counter()
    found = []
    for row in rows:
        mark = tuple(row[name] for name in before.columns) if before else ()
        found.append((row, left[mark] > 0))
        left[mark] -= 1
    return found


def _good(goal: ImportGoal, running: Numbered) -> tuple[Numbered, int]:
    good = []
    for row, known in running:
        try:
            for mapping in goal.mappings:
                cast(mapping, row[mapping.field])
        except BadValueError:
            continue
        if row[goal.identifiers[0].field]:
            good.append((row, known))
    return good, len(running) - len(good)


def cast(mapping: Mapping, text: str) -> Value | Any:
    """Return a text as its type; the texts of the tests are plain enough for Python's own rules."""
    if text == "":
        return None
    try:
        match mapping.type:
            case PropertyType.INTEGER:
                return int(text)
            case PropertyType.DECIMAL:
                return Decimal(text)
            case PropertyType.LIST:
                return list(dict.fromkeys(part for part in text.split("|") if part))
            case PropertyType.DATE:
                return dt.datetime.strptime(text, mapping.format or "").date()  # noqa: DTZ007 - a day has no zone
    except (ValueError, ArithmeticError):
        raise BadValueError from None
    return text
