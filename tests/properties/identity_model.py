"""Whose row it is, in plain Python and by plain search: from the words of MatchRule, to hold the SQL against."""

from dataclasses import dataclass, field

from storage.records.goals import MatchRule

Row = tuple[str | None, ...]


@dataclass
class Person:
    """A profile or one to be made; name is how a sentence calls it."""

    entity: int
    name: str
    values: list[str | None]


@dataclass
class Answer:
    """What became of a file: the entity of each line that has one, and each line that was rejected.

    rejected: the number of the identifier at fault, its value, and the names of the people that the row points to.
    """

    matched: dict[int, int] = field(default_factory=dict)
    rejected: dict[int, tuple[int, str | None, set[str]]] = field(default_factory=dict)


def take(people: list[Person], rows: dict[int, Row], rule: MatchRule, made_from: int | None) -> Answer:
    """Take the rows of one file, by line in rising order; people are changed, and made where made_from says so."""
    answer = Answer()
    for line, row in rows.items():
        given = [(link, value) for link, value in enumerate(row) if value is not None]
        pointed = [(link, person) for link, value in given for person in people if person.values[link] == value]
        if not pointed:
            if made_from is not None:
                people.append(Person(made_from + line, f"the profile of line {line:,}", list(row)))
                answer.matched[line] = made_from + line
            continue
        decider, person = pointed[0]
        others = [link for link, other in pointed if other is not person]
        if others:
            answer.rejected[line] = (others[0], row[others[0]], {other.name for _, other in pointed})
            continue
        differing = [link for link, value in given if person.values[link] not in {None, value}]
        above = [link for link in differing if link < decider]
        if rule is MatchRule.IN_ORDER and above:
            answer.rejected[line] = (above[0], row[above[0]], {person.name})
            continue
        for link, value in given:
            if person.values[link] is None or rule is MatchRule.IN_ORDER:
                person.values[link] = value
        answer.matched[line] = person.entity
    return answer
