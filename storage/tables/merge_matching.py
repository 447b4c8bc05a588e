"""Finds the profile of each row by two or more identifiers (requirements M12 to M15); storage.tables.merges calls it.

Rows count in the order of the file, but for most of them order says nothing. A row's anchor is the first profile that
it finds, else its first identifier. Rows meet at a profile that they find and at a value that they have and no
profile has. Where all that meet have one anchor, none contradicts another and none is to be rejected, they belong
together in any order, and SQL places them. All others, and those that share an anchor with one of them, are taken one
by one, by storage.tables.merge_identity.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from storage.database import Cursor, name_literal
from storage.records.goals import MatchRule
from storage.records.merges import MergePlan
from storage.tables.merge_identity import Census, Conflict

_ROWS_AT_ONCE = 50_000


def match(cursor: Cursor, plan: MergePlan) -> None:
    """Match the rows of temp.typed(line, l0, l1.., problem) that have no problem with dat.profile.

    Makes, in place of older ones, with one column l0, l1.. a link:
        temp.matched(line, profile_id, entity): rows with a profile; profile_id is null where it is to be made, entity
        the profile's id or plan.profile_id_base and the line of the first row that makes it.
        temp.identified(entity, l0, l1..): what the identifier properties of these entities hold afterwards.
        temp.conflicts(line, link, value, detail): rows to reject, as storage.tables.merge_identity.Conflict says.
    A row in none of them has no match.
    """
    _seek(cursor, plan)
    _find_meetings(cursor, plan)
    _place(cursor, plan)
    _settle_together(cursor, plan)
    _settle_in_order(cursor, plan)
    for table in ("sought", "met_profile", *(f"met_{link}" for link in _numbers(plan)), "placed", "turns"):
        cursor.execute(f"DROP TABLE temp.{table}")


def _numbers(plan: MergePlan) -> range:
    return range(len(plan.links))


def _columns(plan: MergePlan, letter: str, of: str = "") -> str:
    return ", ".join(f"{of}{letter}{link}" for link in _numbers(plan))


def _properties(plan: MergePlan, of: str) -> list[str]:
    return [f"{of}.{name_literal(link.property)}" for link in plan.links]


def _seek(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.sought(line, l0.., f0.., h0.., entity, is_bad): f the profile that each identifier finds.

    entity is the first of them, h what its own identifiers hold. is_bad: as things stand, the row is to be rejected.
    """
    numbers, ids = _numbers(plan), [f"p{link}.profile_id" for link in _numbers(plan)]
    joins = "".join(
        f" LEFT JOIN dat.profile p{link} ON p{link}.{name_literal(item.property)} = t.l{link}"
        for link, item in enumerate(plan.links)
    )
    found = "".join(f", {profile_id} AS f{link}" for link, profile_id in enumerate(ids))
    held = ""
    for of in numbers:
        cases = " ".join(f"WHEN {ids[link]} IS NOT NULL THEN {_properties(plan, f'p{link}')[of]}" for link in numbers)
        held += f", CASE {cases} END AS h{of}"
    bad = [f"f{link} <> entity" for link in numbers]
    if plan.match is MatchRule.IN_ORDER:
        bad += [
            f"coalesce({', '.join(f'f{above}' for above in range(link + 1))}) IS NULL AND l{link} <> h{link}"
            for link in numbers
        ]
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE sought AS SELECT *, coalesce({" OR ".join(bad)}, false) AS is_bad
        FROM (SELECT t.line, {_columns(plan, "l", "t.")}{found}{held}, coalesce({", ".join(ids)}) AS entity
              FROM temp.typed t{joins} WHERE t.problem IS NULL)"""
    )


def _find_meetings(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.met_profile(entity, first, v0.., is_open) and, for each link, temp.met_0(value, first, v0.., is_open).

    Of profiles and of values without one that several rows come to: their first line, their identifiers, and whether
    the order of the rows may say something.
    """
    values = "".join(f", max(l{link}) AS v{link}" for link in _numbers(plan))
    contradict = " OR ".join(f"min(l{link}) <> max(l{link})" for link in _numbers(plan))
    is_open = f"coalesce(bool_or(is_bad) OR {contradict}, false)"
    # In one group, rows with the same first identifier of the same number have one anchor if none finds a profile.
    number = "CASE " + " ".join(f"WHEN l{link} IS NOT NULL THEN {link}" for link in _numbers(plan)) + " END"
    anchors = (
        f"count(entity) NOT IN (0, count(*)) OR coalesce(min(entity) <> max(entity), false) "
        f"OR (count(entity) = 0 AND min({number}) <> max({number}))"
    )
    for link in _numbers(plan):
        cursor.execute(
            f"""CREATE OR REPLACE TEMP TABLE met_{link} AS
            SELECT l{link} AS value, min(line) AS first{values}, {is_open} OR {anchors} AS is_open
            FROM temp.sought WHERE f{link} IS NULL AND l{link} IS NOT NULL GROUP BY l{link} HAVING count(*) > 1"""
        )
    further = "".join(
        f" UNION ALL SELECT f{link}, line, true, {_columns(plan, 'l')} FROM temp.sought WHERE f{link} <> entity"
        for link in _numbers(plan)
    )
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE met_profile AS
        SELECT entity, min(line) AS first{values}, {is_open} AS is_open
        FROM (SELECT entity, line, is_bad, {_columns(plan, "l")} FROM temp.sought WHERE entity IS NOT NULL{further})
        GROUP BY entity HAVING count(*) > 1"""
    )


def _place(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.placed(line, l0.., f0.., entity, first, a0..) and temp.turns(first).

    first: the first line of the row's anchor; a: what the entity's identifiers hold in the end. Neither means
    anything for rows whose `first` is in temp.turns: those must be taken in order.
    """
    joins = "".join(f" LEFT JOIN temp.met_{link} m{link} ON m{link}.value = s.l{link}" for link in _numbers(plan))
    anchor = "".join(f" WHEN s.l{link} IS NOT NULL THEN m{link}.first" for link in _numbers(plan))
    is_open = "".join(f" OR m{link}.is_open" for link in _numbers(plan))
    afterwards = ""
    for of in _numbers(plan):
        given = [f"s.l{of}", f"e.v{of}", *(f"m{link}.v{of}" for link in _numbers(plan))]
        held = f"s.h{of}"
        order = [*given, held] if plan.match is MatchRule.IN_ORDER else [held, *given]
        afterwards += f", coalesce({', '.join(order)}) AS a{of}"
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE placed AS
        SELECT s.line, {_columns(plan, "l", "s.")}, {_columns(plan, "f", "s.")}, s.entity{afterwards},
            coalesce(CASE WHEN s.entity IS NOT NULL THEN e.first{anchor} END, s.line) AS first,
            coalesce(s.is_bad OR e.is_open{is_open}, false) AS is_open
        FROM temp.sought s LEFT JOIN temp.met_profile e ON e.entity = s.entity{joins}"""
    )
    cursor.execute("CREATE OR REPLACE TEMP TABLE turns AS SELECT DISTINCT first FROM temp.placed WHERE is_open")


def _settle_together(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.matched and temp.identified of the rows whose order says nothing."""
    entity = f"CAST(coalesce(entity, {plan.profile_id_base} + first) AS BIGINT) AS entity"
    rows = "FROM temp.placed ANTI JOIN temp.turns USING (first)"
    rows += " WHERE true" if plan.create_profiles else " WHERE entity IS NOT NULL"
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE matched AS SELECT line, placed.entity AS profile_id, {entity} {rows}")
    values = ", ".join(f"a{link} AS l{link}" for link in _numbers(plan))
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE identified AS SELECT {entity}, {values} {rows} AND line = first")


def _settle_in_order(cursor: Cursor, plan: MergePlan) -> None:
    """Take the other rows one by one; add them to temp.matched and temp.identified, and make temp.conflicts."""
    cursor.execute("CREATE OR REPLACE TEMP TABLE conflicts (line BIGINT, link INTEGER, value VARCHAR, detail VARCHAR)")
    rows = "temp.placed SEMI JOIN temp.turns USING (first)"
    found = " UNION ALL ".join(f"SELECT f{link} FROM {rows}" for link in _numbers(plan))
    profiles = _batches(
        cursor,
        f"""SELECT profile_id, {", ".join(_properties(plan, "p"))} FROM dat.profile p
        WHERE profile_id IN (SELECT * FROM ({found}) WHERE f0 IS NOT NULL)""",
    )
    census = Census(plan, ((entity, held) for batch in profiles for entity, *held in batch))
    used: set[int] = set()
    for batch in _batches(cursor, f"SELECT line, {_columns(plan, 'l')} FROM {rows} ORDER BY line"):
        outcomes = [(line, census.take(line, given)) for line, *given in batch]
        matched = [(line, entity) for line, entity in outcomes if isinstance(entity, int)]
        used.update(entity for _, entity in matched)
        _add(
            cursor,
            "matched",
            [(line, None if census.is_made(entity) else entity, entity) for line, entity in matched],
        )
        conflicts = [found for _, found in outcomes if isinstance(found, Conflict)]
        _add(cursor, "conflicts", [(item.line, item.link, item.value, item.detail) for item in conflicts])
    _add(cursor, "identified", [(entity, *census.values[entity]) for entity in used])


def _batches(cursor: Cursor, query: str) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Yield the rows of a query, many at once; the cursor is free in between."""
    for batch in cursor.sql(query).to_arrow_table().to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _add(cursor: Cursor, table: str, rows: Sequence[tuple[int | str | None, ...]]) -> None:
    """Insert rows into a temporary table, in the order of its columns."""
    if not rows:
        return
    import pyarrow as pa  # noqa: PLC0415 - the service loads it for such files alone; it starts threads

    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    cursor.register("_taken_in_order", pa.table(columns, [f"column_{number}" for number in range(len(columns))]))
    cursor.execute(f"INSERT INTO temp.{table} SELECT * FROM _taken_in_order")
    cursor.unregister("_taken_in_order")
