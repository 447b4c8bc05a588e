"""What each type of data is, what its files must hold and where its rows go (rulings 11 and 12). Pure."""

from dataclasses import dataclass
from enum import StrEnum

from storage.records.connections import DataType, Direction
from storage.records.people import Role


class Target(StrEnum):
    """Where the rows of a type go: into profiles, into actions of profiles, or into records of their own."""

    PEOPLE = "people"
    ACTIONS = "actions"
    THINGS = "things"


BUILT = frozenset({Target.PEOPLE, Target.ACTIONS})
"""The targets that work; a type of another one is not offered."""


@dataclass(frozen=True)
class TypeFacts:
    """One type. required: the columns that a file must have, under whatever names; keys: those that tell rows apart.

    directions: which way it can go. may_partner_give: the partner role may hand it in (requirement W06).
    """

    data_type: DataType
    label: str
    about: str
    target: Target
    required: tuple[str, ...]
    keys: tuple[str, ...]
    directions: frozenset[Direction]
    may_partner_give: bool = False

    @property
    def is_built(self) -> bool:
        """Whether the target works, so that the type can be chosen."""
        return self.target in BUILT


_BOTH = frozenset(Direction)
_IN_ONLY = frozenset({Direction.INBOUND})
TABLE: dict[DataType, TypeFacts] = {
    facts.data_type: facts
    for facts in (
        TypeFacts(
            DataType.AUDIENCES,
            "Audiences",
            "Who belongs to a group, one person a row",
            Target.PEOPLE,
            ("customer_id",),
            ("customer_id",),
            _BOTH,
            may_partner_give=True,
        ),
        TypeFacts(
            DataType.IDENTITIES,
            "Identities",
            "Which identifiers belong to the same person",
            Target.PEOPLE,
            ("customer_id", "another_id"),
            ("customer_id",),
            _BOTH,
            may_partner_give=True,
        ),
        TypeFacts(
            DataType.CARD_LINKED_TRANSACTIONS,
            "Card-linked transactions",
            "What people bought, one purchase a row",
            Target.PEOPLE,
            ("customer_id", "date", "amount"),
            ("customer_id", "date", "amount"),
            _BOTH,
            may_partner_give=True,
        ),
        TypeFacts(
            DataType.CONVERSIONS,
            "Conversions",
            "What people did that counts, one action a row",
            Target.ACTIONS,
            ("order_id", "customer_id", "time", "amount"),
            ("order_id",),
            _BOTH,
        ),
        TypeFacts(
            DataType.ACTION_MODIFICATIONS,
            "Action modifications and reversals",
            "Which earlier actions have another amount, or do not count",
            Target.ACTIONS,
            ("order_id", "amount", "reason"),
            ("order_id",),
            _IN_ONLY,
        ),
        TypeFacts(
            DataType.CLICKS,
            "Clicks",
            "Who clicked on what, one click a row",
            Target.ACTIONS,
            ("click_id", "customer_id", "time"),
            ("click_id",),
            _BOTH,
        ),
        TypeFacts(
            DataType.PRODUCT_CATALOGS,
            "Product catalogs",
            "What is for sale, one product a row",
            Target.THINGS,
            ("product_id", "name", "price"),
            ("product_id",),
            _BOTH,
        ),
        TypeFacts(
            DataType.AGGREGATE_PERFORMANCE,
            "Aggregate performance",
            "How campaigns did, one campaign and day a row",
            Target.THINGS,
            ("date", "campaign", "clicks", "cost"),
            ("date", "campaign"),
            _BOTH,
        ),
    )
}
"""All types, those that can be chosen first."""


def of_direction(direction: Direction, role: Role | None = None) -> tuple[TypeFacts, ...]:
    """Return the types that can go this way at all; partners hand in three of them only (requirement W06)."""
    is_held = role is Role.PARTNER and direction is Direction.INBOUND
    return tuple(
        facts for facts in TABLE.values() if direction in facts.directions and (facts.may_partner_give or not is_held)
    )


def offered(direction: Direction, role: Role | None = None) -> tuple[DataType, ...]:
    """Return the types that can be chosen: those of the direction and role whose target works (ruling 12)."""
    return tuple(facts.data_type for facts in of_direction(direction, role) if facts.is_built)
