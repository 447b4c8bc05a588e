"""Rows that are known by a key, in whatever file they come: their sums follow by the difference (ruling 15).

A row is the same again where its key, the values of the columns that the goal uses and the configuration are: then
nothing happens. Otherwise it runs, and a sum gets what the row gives now less what it gave before; an empty value
gives what it gave before (ruling 9). Of several rows with one key in a file the last counts.

The steps, in the order of a merge: `find`, `owe`, `remember`; `restore` takes a run back. Actions, whose key is that
of the action, pass through here too (storage.tables.merge_actions).
"""

from storage.database import Cursor, text_literal
from storage.records.goals import Strategy
from storage.records.merges import Fill, MergePlan
from storage.tables.merge_known import accepted

_STAGE = ("shares", "owed", "keys_before", "superseded")
_SUM = "DECIMAL(38, 10)"


def scope(plan: MergePlan) -> str:
    """Return what the keys of this plan's rows are unique in.

    Rows that change actions have a scope of their own: the row that made an action is still the same one after it.
    """
    if plan.action is None:
        return plan.goal_id
    return ("change:" if plan.action.changes else "action:") + plan.action.source


def action_scope(source: str) -> str:
    """Return the scope of the rows that make actions, where their sums are remembered."""
    return "action:" + source


def find(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.marked(line, row_hash, key_hash), temp.known(line, row_hash) and temp.superseded(line).

    marked: of all accepted rows; key_hash is null where a part of the key is empty. superseded: rows whose key a later
    row of this file has. known: the others that are remembered just so; they are known whatever `known_rows_again`
    says, because the configuration is in their hash.
    """
    for name in _STAGE:
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
    cursor.execute(
        f"""CREATE TEMP TABLE marked AS
        SELECT line, {_row_hash(plan)} AS row_hash, {_key_hash(plan)} AS key_hash FROM {accepted(plan)}"""
    )
    cursor.execute(
        """CREATE TEMP TABLE superseded AS
        WITH newest AS (SELECT key_hash, max(line) AS newest FROM temp.marked WHERE key_hash IS NOT NULL
            GROUP BY key_hash HAVING count(*) > 1)
        SELECT line FROM temp.marked JOIN newest USING (key_hash) WHERE line < newest"""
    )
    cursor.execute(
        """CREATE TEMP TABLE known AS SELECT line, row_hash FROM temp.marked
        SEMI JOIN (SELECT key_hash, row_hash FROM dat.import_key WHERE scope = ?) USING (key_hash, row_hash)
        ANTI JOIN temp.superseded USING (line)""",
        [scope(plan)],
    )


def _key_hash(plan: MergePlan) -> str:
    parts = [f"nullif(trim(c{column}), '')" for column in plan.key_columns]
    given = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    # A text is told from the next by a byte that no accepted row has.
    return f"CASE WHEN {given} THEN md5_number(concat_ws(chr(0), {', '.join(parts)})) END"


def _row_hash(plan: MergePlan) -> str:
    action = plan.action
    of_action = (action.key, action.time, action.amount, action.state) if action else ()
    used = {*plan.remember_by, *plan.row_key, *(column for column in of_action if column is not None)}
    kind = [f"{action.type} {action.changes}"] if action else []
    said = [text_literal(text) for text in (plan.fingerprint, *kind)]
    for column in sorted(used, key=lambda number: plan.columns[number]):
        said += [text_literal(plan.columns[column]), f"c{column}"]
    return f"md5_number(concat_ws(chr(0), {', '.join(said)}))"


def marks(plan: MergePlan) -> dict[int, str]:
    """Return, by the number of each Sum among the fills, what its contributions are remembered as."""
    found: dict[int, str] = {}
    for number, fill in enumerate(plan.fills):
        if fill.strategy is Strategy.SUM:
            times = list(found.values()).count(fill.mark)
            # The same field summed twice into one property is added twice, each time under a mark of its own.
            found[number] = f"{fill.mark}#{times}" if times else fill.mark
    return found


def owe(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.owed(entity, line, s0.., by the number of each Sum among the fills) and temp.keys_before.

    owed: what each sum of a profile grows by; null where nothing changes. A row that belongs to another profile now
    has a second line, which takes back from the old one. Needs temp.typed and temp.matched.
    """
    share(cursor, plan, {number: f"v{number}" for number in marks(plan)})
    keep_before(cursor, [scope(plan)])


def share(cursor: Cursor, plan: MergePlan, given: dict[int, str], stands: str = "true") -> None:
    """Make temp.shares and temp.owed.

    shares: of each applied row line, entity and key_hash; and by the number n of each Sum told{n} (what the row gives),
    now{n} (what the profile is to hold of it), was{n} and at{n} (what it holds, and which profile); null for nothing.

    Args:
        cursor: Of the merge.
        plan: Of the merge.
        given: SQL for what a row gives to each Sum; may name temp.acts, where there are actions.
        stands: SQL that is false where a row gives nothing for the time being: a reversed action.
    """
    cursor.execute("DROP TABLE IF EXISTS temp.shares")
    cursor.execute("DROP TABLE IF EXISTS temp.owed")
    acts = "JOIN temp.acts a USING (line)" if plan.action else ""
    columns, joins = "", ""
    for number, mark in marks(plan).items():
        told = f"coalesce(CAST({given[number]} AS {_SUM}), {_if_empty(plan.fills[number], f'b{number}')})"
        columns += f""", {told} AS told{number}, CASE WHEN {stands} THEN {told} WHEN {told} IS NOT NULL THEN 0 END
            AS now{number}, b{number}.value AS was{number}, b{number}.profile_id AS at{number}"""
        joins += f""" LEFT JOIN (SELECT key_hash, profile_id, value, told FROM dat.import_sum
            WHERE scope = {text_literal(scope(plan))} AND mark = {text_literal(mark)}) b{number}
            ON b{number}.key_hash = t.key_hash"""
    cursor.execute(
        f"""CREATE TEMP TABLE shares AS SELECT t.line AS line, m.entity AS entity, t.key_hash AS key_hash{columns}
        FROM (FROM temp.typed WHERE problem IS NULL) t JOIN temp.matched m USING (line) {acts} {joins}"""
    )
    cursor.execute(f"CREATE TEMP TABLE owed AS {_owed(list(marks(plan)))}")


def _if_empty(fill: Fill, before: str) -> str:
    """Return SQL for what an empty value gives: what the row gave before, or nothing where empty clears."""
    return f"CASE WHEN {before}.told IS NOT NULL THEN 0 END" if fill.clears else f"{before}.told"


def _owed(numbers: list[int]) -> str:
    if not numbers:
        return "SELECT entity, line FROM temp.shares WHERE false"
    stays = ", ".join(
        f"""CASE WHEN at{n} IS NULL OR at{n} <> entity THEN now{n}
        WHEN now{n} <> was{n} THEN now{n} - was{n} END AS s{n}"""
        for n in numbers
    )
    some = " OR ".join(f"s{n} IS NOT NULL" for n in numbers)
    parts = [f"SELECT * FROM (SELECT entity, line, {stays} FROM temp.shares) WHERE {some}"]
    for n in numbers:
        taken = ", ".join(f"{f'-was{n}' if other == n else 'NULL'} AS s{other}" for other in numbers)
        parts.append(f"SELECT at{n}, line, {taken} FROM temp.shares WHERE at{n} <> entity AND was{n} <> 0")
    return " UNION ALL ".join(parts)


def keep_before(cursor: Cursor, scopes: list[str]) -> None:
    """Make temp.keys_before: what is remembered of the applied rows' keys before this merge, for `restore`.

    Columns: scope, key_hash, row_hash, wrote (the row hash of this merge), mark, profile_id, property, value, told,
    is_amount. A line with a null mark stands for each key (row_hash null: it was not known), the others are its sums.
    scopes: that of the plan first, then others whose sums this merge may change.
    """
    cursor.execute("DROP TABLE IF EXISTS temp.keys_before")
    cursor.execute(
        f"""CREATE TEMP TABLE keys_before AS
        SELECT ?::VARCHAR AS scope, t.key_hash, k.row_hash, t.row_hash AS wrote, NULL::VARCHAR AS mark,
            NULL::BIGINT AS profile_id, NULL::VARCHAR AS property, NULL::{_SUM} AS value, NULL::{_SUM} AS told,
            NULL::BOOLEAN AS is_amount
        FROM temp.typed t SEMI JOIN temp.shares USING (line)
        LEFT JOIN (SELECT key_hash, row_hash FROM dat.import_key WHERE scope = ?) k ON k.key_hash = t.key_hash
        UNION ALL
        SELECT s.scope, s.key_hash, NULL, NULL, s.mark, s.profile_id, s.property, s.value, s.told, s.is_amount
        FROM dat.import_sum s SEMI JOIN temp.shares USING (key_hash) WHERE list_contains(?, s.scope)""",
        [scopes[0], scopes[0], scopes],
    )


def remember(cursor: Cursor, plan: MergePlan) -> None:
    """Bring dat.import_key and dat.import_sum to the applied rows; what was known, skipped or rejected stays."""
    mine = scope(plan)
    cursor.execute(
        "DELETE FROM dat.import_key WHERE scope = ? AND key_hash IN (SELECT key_hash FROM temp.shares)", [mine]
    )
    cursor.execute(
        """INSERT INTO dat.import_key
        SELECT ?, key_hash, row_hash FROM temp.typed SEMI JOIN temp.shares USING (line)""",
        [mine],
    )
    for number, mark in marks(plan).items():
        fill = plan.fills[number]
        # An action without amount may be given one later.
        follows = is_amount(plan, fill)
        cursor.execute(
            """DELETE FROM dat.import_sum
            WHERE scope = ? AND mark = ? AND key_hash IN (SELECT key_hash FROM temp.shares)""",
            [mine, mark],
        )
        cursor.execute(
            f"""INSERT INTO dat.import_sum
            SELECT ?, key_hash, ?, entity, ?, coalesce(now{number}, 0), coalesce(told{number}, 0), ? FROM temp.shares
            WHERE told{number} IS NOT NULL{" OR true" if follows else ""}""",
            [mine, mark, fill.property, follows],
        )


def is_amount(plan: MergePlan, fill: Fill) -> bool:
    """Say whether a Sum adds the amount of actions, so that it follows when one is modified."""
    action = plan.action
    return action is not None and not action.changes and fill.column == action.amount


def changed_since(cursor: Cursor, source: str) -> int:
    """Return how many of the keys that a merge wrote were written by a later one.

    Args:
        cursor: Of the database.
        source: SQL for rows as temp.keys_before has them.
    """
    row = cursor.execute(
        f"""SELECT count(*) FROM (FROM {source} WHERE mark IS NULL) b
        LEFT JOIN dat.import_key k ON k.scope = b.scope AND k.key_hash = b.key_hash
        WHERE k.row_hash IS DISTINCT FROM b.wrote"""
    ).fetchone()
    return int(row[0]) if row else 0


def restore(cursor: Cursor, source: str) -> None:
    """Remember keys and sums as they were before a merge; for its revert.

    Args:
        cursor: Of the transaction.
        source: SQL for rows as temp.keys_before has them.
    """
    # A change's sums are remembered with the rows that made the actions.
    twin = "CASE WHEN starts_with(scope, 'change:') THEN 'action:' || substr(scope, 8) ELSE scope END"
    for table in ("import_key", "import_sum"):
        keys = f"SELECT scope, key_hash FROM {source} WHERE mark IS NULL"
        if table == "import_sum":
            keys += f" UNION SELECT {twin}, key_hash FROM {source} WHERE mark IS NULL"
        cursor.execute(f"DELETE FROM dat.{table} WHERE (scope, key_hash) IN ({keys})")
    cursor.execute(
        f"INSERT INTO dat.import_key SELECT scope, key_hash, row_hash FROM {source} WHERE row_hash IS NOT NULL"
    )
    cursor.execute(
        f"""INSERT INTO dat.import_sum SELECT scope, key_hash, mark, profile_id, property, value, told, is_amount
        FROM {source} WHERE mark IS NOT NULL"""
    )
