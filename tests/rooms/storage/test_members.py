"""Members, what partners were told, and signals follow from the profiles in one go, each identifier once."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.migrate import migrate
from storage.records.audiences import Activation, Condition, Difference, Operator
from storage.records.deliveries import Batch, BatchState, Target
from storage.records.goals import Property, PropertyType
from storage.records.partners import IdentifierForm, Normalise, SignalKind
from storage.tables import batches, member_counts, members, profiles

NOW = datetime(2026, 11, 21, 12)
RULE = Condition("spend", PropertyType.DECIMAL, Operator.AT_LEAST, Decimal(500))
PLAIN = IdentifierForm("EXTERN_ID", "Own id")
EMAIL = IdentifierForm("EMAIL", "E-mail", (Normalise.TRIM, Normalise.LOWER), is_hashed=True)
LINK = Activation(
    "link", "audience", "c", "name", sends_current=True, created_at=NOW, ended_at=None, sends_removes=False
)
TARGET = Target(LINK, PLAIN, 10)
WANTED = [
    Property("name", PropertyType.TEXT, is_unique=False),
    Property("spend", PropertyType.DECIMAL, is_unique=False),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database whose profiles have a name and an amount."""
    found = open_database(tmp_path / "x.duckdb", (tmp_path,))
    migrate(found)
    profiles.add_properties(found, WANTED, NOW)
    yield found
    found.close()


def put(database: Database, *rows: tuple[int, str | None, int | None]) -> None:
    with database.write("dat") as cursor:
        for number, name, spend in rows:
            cursor.execute("DELETE FROM dat.profile WHERE profile_id = ?", [number])
            cursor.execute(
                "INSERT INTO dat.profile (profile_id, _rev, name, spend) VALUES (?, 1, ?, ?)", [number, name, spend]
            )


def recompute(database: Database, *targets: Target, rule: Condition | None = RULE) -> Difference:
    with database.write("dat") as cursor:
        return members.recompute(cursor, "audience", rule, targets or [TARGET], NOW)


def signals(database: Database) -> list[tuple[str, str]]:
    """Return all signals as (wave and kind, identifier), in the order in which they go."""
    with database.read() as cursor:
        rows = cursor.execute("SELECT batch_id, identifier FROM dat.signal ORDER BY 1, 2").fetchall()
    return [(f"{int(batch_id[:12])}{batch_id[13]}", identifier) for batch_id, identifier in rows]


def test_a_profile_without_a_value_is_in_no_audience_that_compares_it(database: Database) -> None:
    put(database, (1, "a", None), (2, "b", 500), (3, "c", 499))
    assert recompute(database) == Difference(1, 1, 0, 1, 0)
    has_none = Condition("spend", PropertyType.DECIMAL, Operator.HAS_NO_VALUE, None)
    assert recompute(database, rule=has_none) == Difference(1, 1, 1, 1, 1)
    assert signals(database) == [("1a", "b"), ("2a", "a"), ("2r", "b")]


def test_each_identifier_occurs_once_in_a_wave_however_many_have_it(database: Database) -> None:
    put(database, (1, "x", 600), (2, "x", 600), (3, "y", 600), (4, None, 600), (5, "", 600))
    assert recompute(database) == Difference(5, 5, 0, 2, 0)
    assert signals(database) == [("1a", "x"), ("1a", "y")]
    # and who takes over an identifier from another is no news
    put(database, (1, "y", 600), (2, "x", 600), (3, "x", 600))
    assert recompute(database) == Difference(5, 0, 0, 0, 0)


def test_a_hashed_identifier_is_the_sha_256_of_the_normalised_value(database: Database) -> None:
    put(database, (1, "  Ana@Example.ORG ", 600), (2, " ", 600))
    found = recompute(database, Target(LINK, EMAIL, 10))
    assert found.adds == 1
    assert signals(database) == [("1a", hashlib.sha256(b"ana@example.org").hexdigest())]


def test_two_targets_of_one_audience_each_get_their_own_wave(database: Database) -> None:
    other = Target(replace(LINK, activation_id="other", configuration_id="d", sends_current=False), EMAIL, 10)
    put(database, (1, "a", 600))
    assert recompute(database, TARGET, other) == Difference(1, 1, 0, 1, 0)
    put(database, (2, "b", 600))
    assert recompute(database, TARGET, other) == Difference(2, 1, 0, 2, 0)
    with database.read() as cursor:
        assert cursor.execute("SELECT configuration_id FROM dat.wave ORDER BY wave_id").fetchall() == [
            ("c",),
            ("c",),
            ("d",),
        ]
        assert (members.count_told(cursor, "link"), members.count_told(cursor, "other")) == (2, 1)


def test_an_audience_that_is_deleted_has_no_members_and_its_targets_are_told(database: Database) -> None:
    put(database, (1, "a", 600), (2, "b", 600))
    recompute(database)
    ended = Target(replace(LINK, ended_at=NOW, sends_removes=True), PLAIN, 10)
    assert recompute(database, ended, rule=None) == Difference(0, 0, 2, 0, 2)
    with database.write("dat") as cursor:
        members.forget(cursor, "audience")
    with database.read() as cursor:
        assert (members.count(cursor, "audience"), members.has_told(cursor, "link")) == (0, False)


def test_nothing_is_kept_of_a_recompute_that_breaks_off(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: it ends just before its last step
    put(database, (1, "a", 600))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(members, "add_wave", broken)
        with pytest.raises(ZeroDivisionError):
            recompute(database)
    # when / then
    assert signals(database) == []
    assert recompute(database) == Difference(1, 1, 0, 1, 0)


def test_a_rule_says_the_same_of_all_profiles_as_of_a_sample(database: Database) -> None:
    put(database, *((number, f"n{number}", number) for number in range(495, 510)))
    recompute(database)
    with database.read() as cursor:
        assert members.sample(cursor, RULE, 3) == [500, 501, 502]
        assert members.count(cursor, "audience") == 10
        assert [(one.members, one.entered) for one in member_counts.changes_since(cursor, NOW)["audience"]] == [
            (10, 10)
        ]


def test_taking_held_batches_back_restores_what_was_told_before_them_and_may_be_done_twice(database: Database) -> None:
    # given: a told; then held: a removed, b added, and b removed, c added
    put(database, (1, "a", 600))
    recompute(database)
    put(database, (1, "a", 1), (2, "b", 600))
    recompute(database)
    put(database, (2, "b", 1), (3, "c", 600))
    recompute(database)
    held = [
        Batch(batch_id, batch_id[:12], "c", "link", SignalKind.ADD, 1, BatchState.HELD, 0, NOW, None)
        for batch_id in ids(database)[1:]
    ]
    # when
    for taken in (held[-1:], held, held):
        with database.write("dat") as cursor:
            members.take_back(cursor, taken)
    # then
    with database.read() as cursor:
        assert cursor.execute("SELECT identifier, is_sent, is_unsure FROM dat.told").fetchall() == [("a", True, False)]
    # and the next recompute says what is new against that
    assert recompute(database) == Difference(1, 0, 0, 1, 1)
    assert signals(database)[-2:] == [("4a", "c"), ("4r", "a")]


def test_the_numbers_of_waves_go_on_by_one_whatever_the_clock_says(database: Database) -> None:
    for number in range(1, 12):
        put(database, (number, f"n{number}", 600))
        recompute(database)
    with database.read() as cursor:
        found = [wave.wave_id for wave in batches.unmade(cursor)]
    assert found == [f"{number:012d}" for number in range(1, 12)] == sorted(found)


def ids(database: Database) -> list[str]:
    with database.read() as cursor:
        return [row[0] for row in cursor.execute("SELECT DISTINCT batch_id FROM dat.signal ORDER BY 1").fetchall()]
