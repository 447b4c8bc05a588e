"""Batches follow from waves, go in order and not too many at once, and what is held or lapsed is found again."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from storage.database import Database, open_database
from storage.migrate import migrate
from storage.records.deliveries import Batch, BatchState, Wave
from storage.records.partners import Configuration, ConfigurationState, SignalKind
from storage.tables import batches, configurations, members

NOW = datetime(2026, 11, 21, 12)
LATEST = NOW + timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with two active configurations, c1 and c2."""
    found = open_database(tmp_path / "x.duckdb", (tmp_path,))
    migrate(found)
    with found.write("ctl") as cursor:
        for name in ("c1", "c2"):
            made = Configuration(name, name, "p", {}, ConfigurationState.ACTIVE, None, NOW, NOW)
            configurations.put(cursor, made, "sealed")
    yield found
    found.close()


def add_wave(database: Database, configuration: str, adds: int, removes: int = 0, size: int = 10) -> str:
    with database.write("dat") as cursor:
        wave_id = members.next_wave_id(cursor)
        members.add_wave(cursor, Wave(wave_id, configuration, f"a-{configuration}", adds, removes, size, None, NOW))
    with database.write("ctl") as cursor:
        for wave in batches.unmade(cursor):
            batches.make(cursor, wave)
    return wave_id


def due(database: Database, now: datetime = NOW, at_once: int = 4) -> list[Batch]:
    with database.write("ctl") as cursor:
        return batches.due(cursor, now, now + timedelta(hours=1), at_once)


def claim(database: Database, found: list[Batch]) -> None:
    with database.write("ctl") as cursor:
        for batch in found:
            batches.claim(cursor, batch.batch_id, "we", f"d-{batch.batch_id}", NOW + timedelta(seconds=60))


def end(database: Database, found: list[Batch], state: BatchState = BatchState.SENT) -> None:
    with database.write("ctl") as cursor:
        for batch in found:
            batches.end(cursor, batch.batch_id, state, NOW)


def test_a_wave_gives_batches_of_its_size_whose_ids_sort_as_they_go(database: Database) -> None:
    # when
    wave_id = add_wave(database, "c1", adds=25, removes=7)
    # then
    found = due(database, at_once=100)
    assert [(batch.batch_id[13:], batch.kind, batch.size) for batch in found] == [
        ("a000000000", SignalKind.ADD, 10),
        ("a000000001", SignalKind.ADD, 10),
        ("a000000002", SignalKind.ADD, 5),
        ("r000000000", SignalKind.REMOVE, 7),
    ]
    assert {batch.wave_id for batch in found} == {wave_id} == {batch.batch_id[:12] for batch in found}
    # and making them again finds nothing to make
    with database.write("ctl") as cursor:
        assert batches.unmade(cursor) == []


def test_of_each_configuration_the_first_wave_goes_alone_and_only_so_many_calls_at_once(database: Database) -> None:
    # given
    first, other, second = add_wave(database, "c1", 50), add_wave(database, "c2", 10), add_wave(database, "c1", 10)
    # when
    taken = due(database, at_once=3)
    claim(database, taken)
    # then
    assert [batch.wave_id for batch in taken] == [first, first, first, other]
    assert due(database, at_once=3) == []
    # and as calls end, the rest of the first wave follows, and then the second
    end(database, taken[:2])
    rest = due(database, at_once=3)
    assert [batch.wave_id for batch in rest] == [first, first]
    claim(database, rest)
    end(database, [*taken, *rest], BatchState.FAILED)
    assert [batch.wave_id for batch in due(database)] == [second]


def test_what_waits_for_another_try_holds_back_later_waves_and_goes_first_when_its_time_is_there(
    database: Database,
) -> None:
    # given
    add_wave(database, "c1", 20)
    add_wave(database, "c1", 10)
    [one, other] = due(database)
    claim(database, [one])
    with database.write("ctl") as cursor:
        batches.try_again(cursor, one.batch_id, NOW + timedelta(seconds=5), is_try_given_back=False)
    # when / then
    assert [batch.batch_id for batch in due(database)] == [other.batch_id]
    end(database, [other])
    assert due(database) == []
    with database.read() as cursor:
        assert batches.next_try(cursor) == NOW + timedelta(seconds=5)
        assert not batches.has_due(cursor, NOW, LATEST) or due(database) == []
    assert [batch.tries for batch in due(database, NOW + timedelta(seconds=5))] == [1]


def test_a_configuration_that_is_asked_to_wait_or_is_not_active_has_nothing_due(database: Database) -> None:
    # given
    add_wave(database, "c1", 10)
    add_wave(database, "c2", 10)
    with database.write("ctl") as cursor:
        configurations.wait_until(cursor, "c1", NOW + timedelta(seconds=30))
        configurations.set_state(cursor, "c2", ConfigurationState.STOPPED, "Refused.", NOW)
    # when / then
    assert due(database) == []
    with database.read() as cursor:
        assert not batches.has_due(cursor, NOW, LATEST)
        assert batches.next_try(cursor) == NOW + timedelta(seconds=30)
    assert [batch.configuration_id for batch in due(database, NOW + timedelta(seconds=30))] == ["c1"]
    # and a wave that is made for one that is not active is held
    add_wave(database, "c2", 5)
    with database.read() as cursor:
        assert [batch.size for batch in batches.held(cursor, "c2")] == [5]


def test_what_is_held_counts_as_waiting_until_it_is_superseded(database: Database) -> None:
    # given
    add_wave(database, "c1", 15, 3)
    [on_the_wire, *_] = due(database)
    claim(database, [on_the_wire])
    # when
    with database.write("ctl") as cursor:
        held = batches.hold(cursor, "c1")
        listed = batches.held(cursor, "c1")
        # then: the call on the wire counts too, and is not held
        assert (held, sum(batch.size for batch in listed)) == (18, 8)
        assert batches.unanswered(cursor, "a-c1") == {SignalKind.ADD: 15, SignalKind.REMOVE: 3}
        # and when
        batches.supersede(cursor, [batch.batch_id for batch in listed], NOW)
        assert (batches.waiting(cursor, "c1"), batches.held(cursor, "c1")) == (10, [])


def test_a_call_is_lapsed_when_its_lease_is_over_or_lies_too_far_ahead_and_nobody_holds_it(database: Database) -> None:
    # given
    add_wave(database, "c1", 20)
    claim(database, due(database))

    def lapsed(now: datetime, held: list[str]) -> int:
        with database.read() as cursor:
            return len(batches.lapsed(cursor, now, now + timedelta(hours=1), held))

    # when / then
    assert lapsed(NOW, []) == 0
    assert lapsed(NOW + timedelta(seconds=61), []) == 2
    assert lapsed(NOW - timedelta(days=1), []) == 2
    with database.read() as cursor:
        [one, _] = batches.calling(cursor)
    assert lapsed(NOW + timedelta(seconds=61), [one.batch_id]) == 1


def test_the_rows_of_a_body_are_json_percent_encoded_flat_or_each_in_a_list(database: Database) -> None:
    # given: identifiers with everything that JSON or a form minds
    odd = ["plain", 'quo"te', "back\\slash", "amp&er=sand", "Zoë", "a b+c", "%41", "line\nend", "😀"]
    with database.write("dat") as cursor:
        for identifier in odd:
            cursor.execute("INSERT INTO dat.signal VALUES ('b', 1, ?, false)", [identifier])
    # when
    with database.read() as cursor:
        flat = batches.rows_of(cursor, "b", is_nested=False)
        nested = batches.rows_of(cursor, "b", is_nested=True)
        empty = batches.rows_of(cursor, "none", is_nested=False)
        # then
        assert sorted(batches.identifiers_of(cursor, "b")) == sorted(odd)
    assert flat.isascii()
    assert not set(flat) & set('"&=+ []{}')
    assert sorted(json.loads(unquote(flat))) == sorted(odd)
    assert sorted(json.loads(unquote(nested))) == sorted([one] for one in odd)
    assert json.loads(unquote(empty)) == []
