"""Brings the rows of one profile together, works out what it holds afterwards, and writes what changed.

Leaves temp.gathered(one row a profile) and temp.merged: the profiles as they will be, beside _old_id (null for a new
one), _old_rev, _rows (rows applied to it), _line (its first) and _lines (the line that gave each fill its value,
where more than one row did). Columns beside the properties begin with "_", as no property's name does.
"""

from dataclasses import dataclass

from storage.database import Cursor, name_literal, text_literal
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import Fill, MergePlan
from storage.tables import merge_typing, values


@dataclass(frozen=True)
class Written:
    """Rows that have their profile, and profiles made, touched (not new, not touched by this run before), replaced."""

    rows: int
    created: int
    updated: int
    replaced: int


def gather(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.gathered of temp.typed. Only profiles with several rows pay for aggregates."""
    by = "l0" if plan.is_plain else "entity"
    rows = "temp.typed" if plan.is_plain else "(FROM temp.typed JOIN temp.matched USING (line))"
    good = f"FROM {rows} WHERE problem IS NULL"
    cursor.execute(f"CREATE TEMP TABLE doubled AS SELECT {by} {good} GROUP BY {by} HAVING count(*) > 1")
    query = f"{_single(plan, by)} {good}"
    if _number(cursor, "SELECT count(*) FROM temp.doubled"):
        query = f"""{_single(plan, by)} FROM {rows} ANTI JOIN temp.doubled USING ({by}) WHERE problem IS NULL
            UNION ALL {_folded(plan, by)} FROM {rows} SEMI JOIN temp.doubled USING ({by})
            WHERE problem IS NULL GROUP BY {by}"""
    cursor.execute(f"CREATE TEMP VIEW gathered AS {_with_owed(cursor, plan, query)}")


def _single(plan: MergePlan, by: str) -> str:
    """Return the beginning of a query for profiles with one row each."""
    values_of = "".join(f", {values.share(plan.fills[n], f'v{n}')} AS v{n}" for n in _own(plan))
    return f"SELECT {by}, line, NULL::BIGINT[] AS lines, 1 AS rows{values_of}"


def _folded(plan: MergePlan, by: str) -> str:
    """Return the beginning of a query that folds the rows of one profile."""
    values_of = "".join(f", {values.fold(plan.fills[n], f'v{n}')} AS v{n}" for n in _own(plan))
    lines = ", ".join(f"{_last_line(fill, f'v{n}')}" for n, fill in enumerate(plan.fills)) or "NULL"
    return f"SELECT {by}, min(line) AS line, [{lines}] AS lines, count(*) AS rows{values_of}"


def fuse(cursor: Cursor, plan: MergePlan) -> Written:
    """Type, match and combine in one go, where `MergePlan.is_plain` and no known row runs again.

    Each row is taken for the only one of its profile; those of profiles that have several are then done again. So the
    texts of most rows are held once, not twice. Leaves temp.typed and temp.merged, as views.
    """
    key = name_literal(plan.links[0].property)
    join = f"LEFT JOIN dat.profile p ON p.{key} = g.l0"
    single = f"{_single(plan, 'l0')}, row_hash, problem FROM ({merge_typing.query(plan)})"
    marks = ", g.row_hash AS _row_hash, g.problem AS _problem"
    # A rejected row meets no profile: what it would add is worked out here too, and could outgrow a sum.
    met = f"LEFT JOIN dat.profile p ON p.{key} = CASE WHEN g.problem IS NULL THEN g.l0 END"
    rows = f"SELECT * EXCLUDE (_rows, _lines, _rev) FROM ({_after(cursor, plan, marks)} FROM ({single}) g {met})"
    cursor.execute(f"CREATE TEMP TABLE fused AS {rows}")
    cursor.execute(
        f"""CREATE TEMP VIEW typed AS
        SELECT _line AS line, _row_hash AS row_hash, false AS is_known, {key} AS l0, _problem AS problem
        FROM temp.fused"""
    )
    cursor.execute(
        f"""CREATE TEMP TABLE doubled AS
        SELECT DISTINCT {key} AS l0 FROM temp.fused SEMI JOIN (
            SELECT _old_id FROM temp.fused WHERE _problem IS NULL AND _old_id IS NOT NULL
            GROUP BY _old_id HAVING count(*) > 1) USING (_old_id)
        UNION ALL
        SELECT {key} FROM temp.fused WHERE _problem IS NULL AND _old_id IS NULL GROUP BY ALL HAVING count(*) > 1"""
    )
    is_matched = "" if plan.create_profiles else " AND _old_id IS NOT NULL"
    good = f"""SELECT * EXCLUDE (_row_hash, _problem), 1 AS _rows, NULL::BIGINT[] AS _lines,
        CAST({plan.revision} AS BIGINT) AS _rev FROM temp.fused WHERE _problem IS NULL{is_matched}"""
    if _number(cursor, "SELECT count(*) FROM temp.doubled"):
        doubled = f"{key} IN (SELECT l0 FROM temp.doubled)"
        again = merge_typing.query(
            plan, f"{merge_typing.line_of(plan)} IN (SELECT _line FROM temp.fused WHERE {doubled})"
        )
        folded = f"{_folded(plan, 'l0')} FROM ({again}) WHERE problem IS NULL GROUP BY l0"
        cursor.execute(f"CREATE TEMP TABLE folded AS {_after(cursor, plan)} FROM ({folded}) g {join}")
        where = "" if plan.create_profiles else " WHERE _old_id IS NOT NULL"
        good = f"{good} AND NOT {doubled} UNION ALL BY NAME SELECT * FROM temp.folded{where}"
    cursor.execute(f"CREATE TEMP VIEW merged AS {good}")
    return _written(cursor)


def _own(plan: MergePlan) -> list[int]:
    """Return the numbers of the fills whose values come from the rows themselves, not from temp.owed."""
    return [n for n, fill in enumerate(plan.fills) if not (plan.has_keys and fill.strategy is Strategy.SUM)]


def _last_line(fill: Fill, value: str) -> str:
    if fill.strategy is Strategy.SET_IF_EMPTY:
        return f"min(line) FILTER ({value} IS NOT NULL)"
    return "max(line)" if fill.clears else f"max(line) FILTER ({value} IS NOT NULL)"


@dataclass(frozen=True)
class Owed:
    """A sum of another goal's mapping that follows a changed action."""

    property: str
    column: str
    type: str


def _others_owed(cursor: Cursor, plan: MergePlan) -> list[Owed]:
    if plan.action is None:
        return []
    found = cursor.execute(
        """SELECT DISTINCT o.property, c.data_type FROM temp.owed_others o JOIN duckdb_columns() c
        ON c.schema_name = 'dat' AND c.table_name = 'profile' AND lower(c.column_name) = lower(o.property)
        ORDER BY o.property"""
    ).fetchall()
    return [Owed(name, f"o{number}", kind) for number, (name, kind) in enumerate(found)]


def _with_owed(cursor: Cursor, plan: MergePlan, query: str) -> str:
    """Return the query with what sums are owed: to the rows' own profiles, and to those that rows left."""
    if not plan.has_keys:
        return query
    sums = [n for n, fill in enumerate(plan.fills) if fill.strategy is Strategy.SUM]
    others = _others_owed(cursor, plan)
    own = "".join(f", sum(s{n}) AS v{n}" for n in sums)
    rest = "".join(f", NULL::DECIMAL(38, 10) AS {item.column}" for item in others)
    owed = f"SELECT entity, min(line) AS line{own}{rest} FROM temp.owed GROUP BY entity"
    if others:
        empty = "".join(f", NULL AS v{n}" for n in sums)
        given = "".join(
            f", sum(delta) FILTER (property = {text_literal(item.property)}) AS {item.column}" for item in others
        )
        together = "".join(f", sum({name}) AS {name}" for name in [*(f"v{n}" for n in sums), *_names(others)])
        owed = f"""SELECT entity, min(line) AS line{together} FROM ({owed} UNION ALL
            SELECT profile_id, NULL{empty}{given} FROM temp.owed_others GROUP BY profile_id) GROUP BY entity"""
    taken = "".join(f", g.v{n}" for n in _own(plan)) + "".join(f", o.v{n}" for n in sums)
    taken += "".join(f", o.{name}" for name in _names(others))
    return f"""SELECT coalesce(g.entity, o.entity) AS entity, coalesce(g.line, o.line) AS line, g.lines,
        coalesce(g.rows, 0) AS rows{taken} FROM ({query}) g FULL JOIN ({owed}) o USING (entity)"""


def _names(others: list[Owed]) -> list[str]:
    return [item.column for item in others]


def compute(cursor: Cursor, plan: MergePlan) -> Written:
    """Make temp.merged of temp.gathered; nothing is written."""
    cursor.execute(f"CREATE TEMP TABLE merged AS {_after(cursor, plan)} FROM {_joined(plan)}")
    return _written(cursor)


def _after(cursor: Cursor, plan: MergePlan, marks: str = "") -> str:
    """Return the beginning of a query for what profiles hold afterwards, of gathered rows g and profiles p.

    A new profile's id is the base plus the line of its first row: unique, and no window over all rows.
    """
    others = _others_owed(cursor, plan)
    ours = {*filled(plan), *(item.property.lower() for item in others)}
    fills = "".join(f", {_held_after(plan, name)} AS {name_literal(name)}" for name in _properties(plan))
    fills += "".join(f", {_held_after_owed(item)} AS {name_literal(item.property)}" for item in others)
    links = {link.property.lower() for link in plan.links}
    kept = "".join(
        f", p.{name_literal(name)} AS {name_literal(name)}"
        for name in profile_columns(cursor)
        if name.lower() not in {"profile_id", "_rev", *ours, *links}
    )
    new_id = f"coalesce(p.profile_id, {plan.profile_id_base} + g.line)" if plan.is_plain else "g.entity"
    return f"""SELECT p.profile_id AS _old_id, p._rev AS _old_rev, g.rows AS _rows, g.line AS _line, g.lines AS _lines,
        {new_id} AS profile_id, CAST({plan.revision} AS BIGINT) AS _rev{_identifiers(plan)}{fills}{kept}{marks}"""


def _held_after_owed(item: Owed) -> str:
    """Return SQL for a sum that follows an action; who is owed nothing keeps what is there, and its type."""
    held = f"p.{name_literal(item.property)}"
    after = f"CASE WHEN g.{item.column} IS NULL THEN {held} ELSE coalesce({held}, 0) + g.{item.column} END"
    return f"CAST({after} AS {item.type})"


def _written(cursor: Cursor) -> Written:
    row = cursor.execute(
        """SELECT coalesce(sum(_rows), 0)::BIGINT, count(*) FILTER (_old_id IS NULL),
        count(*) FILTER (_old_rev <> _rev), count(_old_id) FROM temp.merged"""
    ).fetchone()
    return Written(*(row or (0, 0, 0, 0)))


def _joined(plan: MergePlan) -> str:
    if plan.is_plain:
        join = "LEFT JOIN" if plan.create_profiles else "JOIN"
        return f"temp.gathered g {join} dat.profile p ON p.{name_literal(plan.links[0].property)} = g.l0"
    # A correction to a profile that is gone meanwhile makes none.
    return """temp.gathered g LEFT JOIN dat.profile p ON p.profile_id = g.entity
        LEFT JOIN temp.identified i ON i.entity = g.entity WHERE p.profile_id IS NOT NULL OR i.entity IS NOT NULL"""


def _identifiers(plan: MergePlan) -> str:
    if plan.is_plain:
        return f", g.l0 AS {name_literal(plan.links[0].property)}"
    return "".join(
        f", CASE WHEN i.entity IS NULL THEN p.{name_literal(link.property)} ELSE i.l{number} END "
        f"AS {name_literal(link.property)}"
        for number, link in enumerate(plan.links)
    )


def filled(plan: MergePlan) -> dict[str, str]:
    """Return the properties that the plan's mappings fill, by lower-case name; identifiers are not among them."""
    return {fill.property.lower(): fill.property for fill in reversed(plan.fills)}


def written(cursor: Cursor, plan: MergePlan) -> list[str]:
    """Return the properties that temp.merged may hold anew: identifiers, what mappings fill, sums of other goals."""
    names = [
        *(link.property for link in plan.links),
        *_properties(plan),
        *(item.property for item in _others_owed(cursor, plan)),
    ]
    return list({name.lower(): name for name in names}.values())


def _properties(plan: MergePlan) -> list[str]:
    return list({fill.property.lower(): fill.property for fill in plan.fills}.values())


def _held_after(plan: MergePlan, name: str) -> str:
    """Return SQL for what a property holds afterwards; of several mappings into it each sees what came before."""
    held = f"p.{name_literal(name)}"
    for number, fill in enumerate(plan.fills):
        if fill.property.lower() == name.lower() and _always_replaces(plan, fill):
            held = f"g.v{number}"
        elif fill.property.lower() == name.lower():
            after = values.combine(fill, f"g.v{number}", held)
            # What only a correction brings here has no row that could clear anything.
            held = f"CASE WHEN g.rows > 0 THEN {after} ELSE {held} END" if fill.clears else after
    return held


def _always_replaces(plan: MergePlan, fill: Fill) -> bool:
    """Say whether every row brings a value that replaces what is there, whatever it is.

    Then what is there need not be looked up: gathering old texts in the order of the file costs more than the join.
    """
    is_set = fill.strategy is Strategy.SET and fill.type is fill.kind is PropertyType.TEXT
    return plan.is_plain and is_set and fill.is_full


def write(cursor: Cursor) -> None:
    """Put temp.merged in the place of the profiles it replaces."""
    names = columns_of_merged(cursor)
    cursor.execute(
        "DELETE FROM dat.profile WHERE profile_id IN (SELECT _old_id FROM temp.merged WHERE _old_id IS NOT NULL)"
    )
    cursor.execute(f"INSERT INTO dat.profile ({names}) SELECT {names} FROM temp.merged")


def columns_of_merged(cursor: Cursor) -> str:
    """Return SQL for the columns of temp.merged that profiles have: all of theirs."""
    columns = [said[0] for said in cursor.execute("SELECT * FROM temp.merged LIMIT 0").description]
    return ", ".join(name_literal(name) for name in columns if not name.startswith("_") or name == "_rev")


def profile_columns(cursor: Cursor) -> list[str]:
    """Return the columns of dat.profile in order, the two system ones first."""
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'dat' AND table_name = 'profile' ORDER BY ordinal_position"
    ).fetchall()
    return [name for (name,) in rows]


def _number(cursor: Cursor, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0
