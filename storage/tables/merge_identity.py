"""Whose row it is, row by row in the order of the file: the rule of several identifiers (M13), without SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.records.goals import MatchRule
from storage.records.merges import MergePlan

Values = Sequence[str | None]
"""One value for each link of a plan, in order; None where there is none."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that belongs to nobody for certain.

    link: the number of the identifier at fault; value: what the row has in it; detail: one sentence, for people.
    The sentence holds no value of a profile, because it is shown to people who may not see those.
    """

    line: int
    link: int
    value: str
    detail: str


class Census:
    """Profiles by their identifiers, as they stand while the rows of one file are taken one after the other.

    values: what the identifier properties of each entity hold now. An entity is a profile's id, or for a profile to
    be made, plan.profile_id_base and the line that makes it.
    """

    def __init__(self, plan: MergePlan, profiles: Iterable[tuple[int, Values]]) -> None:
        """Begin with the profiles that are there: all that the rows can find."""
        self._plan = plan
        self.values: dict[int, list[str | None]] = {}
        self._made: set[int] = set()
        self._holders: list[dict[str, int]] = [{} for _ in plan.links]
        for entity, held in profiles:
            self._add(entity, held)

    def take(self, line: int, given: Values) -> int | Conflict | None:
        """Take the next row; profiles are made, filled and changed as it says.

        Returns:
            The entity of the row, a conflict (nothing changes), or None where nobody is found or made.
        """
        entity, is_plain = None, True
        for value, holders in zip(given, self._holders, strict=True):
            if value is not None:
                found = holders.get(value)
                if found is None:
                    is_plain = False
                elif entity is None:
                    entity = found
                elif entity != found:
                    return self._torn(line, given)
        if entity is None:
            return self._make(line, given)
        return entity if is_plain else self._meet(line, given, entity)

    def is_made(self, entity: int) -> bool:
        """Say whether a row of this file makes this entity."""
        return entity in self._made

    def _add(self, entity: int, held: Values) -> None:
        self.values[entity] = list(held)
        for value, holders in zip(held, self._holders, strict=True):
            if value is not None:
                holders[value] = entity

    def _make(self, line: int, given: Values) -> int | None:
        if not self._plan.create_profiles:
            return None
        entity = self._plan.profile_id_base + line
        self._made.add(entity)
        self._add(entity, given)
        return entity

    def _meet(self, line: int, given: Values, entity: int) -> int | Conflict:
        """Take a row that finds one entity, by some of its identifiers; nobody has the others."""
        held = self.values[entity]
        is_in_order = self._plan.match is MatchRule.IN_ORDER
        decider = next(link for link, value in enumerate(given) if value is not None and value == held[link])
        for link in range(decider) if is_in_order else ():
            value = given[link]
            if value is not None and held[link] is not None:
                links = self._plan.links
                detail = f"{links[decider].field} says {self._name(entity)}, which has another {links[link].property}"
                return Conflict(line, link, value, detail)
        for link, value in enumerate(given):
            old = held[link]
            if value is None or value == old or (old is not None and not is_in_order):
                continue
            if old is not None:
                del self._holders[link][old]
            held[link] = value
            self._holders[link][value] = entity
        return entity

    def _torn(self, line: int, given: Values) -> Conflict:
        found = (
            (link, value, holders.get(value))
            for link, (value, holders) in enumerate(zip(given, self._holders, strict=True))
            if value is not None
        )
        said = [(link, value, entity) for link, value, entity in found if entity is not None]
        fault, value = next((link, value) for link, value, entity in said if entity != said[0][2])
        names = (f"{self._plan.links[link].field} says {self._name(entity)}" for link, _, entity in said)
        return Conflict(line, fault, value, ", ".join(names))

    def _name(self, entity: int) -> str:
        if self.is_made(entity):
            return f"the profile of line {entity - self._plan.profile_id_base:,}"
        return f"profile {entity}"
