"""Conversions and clicks, and what changes them later, land in dat.action; sums follow them (ruling 12).

What a row says:
- A row of conversions or clicks makes the action with its key. Told again otherwise, it corrects it: what is empty
  leaves what was, and a row that says the same again changes nothing, whatever modified the action meanwhile.
- A row of modifications changes the action with its key. A state that is one of REVERSING_WORDS reverses it. Otherwise
  an amount, or another state, modifies it, and brings a reversed action back. Amounts are new ones, not differences.
- A file of modifications without a state field reverses by the amount 0, one without amount too by every row.
- A reversed action keeps its amount, and no sum has it; what else its row gave to sums is taken back too.

The steps, in the order of a merge: `type_rows`, then matching or `match_changes`, `check_owners`, `owe`, `write`;
`revert` takes a run back.
"""

from storage.database import Cursor, name_literal, text_literal
from storage.records.actions import REVERSED, REVERSING_WORDS, StepWhat
from storage.records.files import RejectReason
from storage.records.formats import ISO_FORMATS
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import ActionPlan, Fill, MergePlan
from storage.tables import merge_keys, times, values
from storage.tables.merge_known import accepted
from storage.tables.merge_typing import OF_ACTION


def type_rows(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.acts and temp.action_problems(line, column_name, value, reason, detail), and mark temp.typed.

    acts: of each row of temp.typed what it says (line, key, told_at, amount, state, reverses, made_hash), what is there
    (is_there, type, profile_id, and was_... of the time, amount and state), and what is there afterwards (what: a
    StepWhat, or null where nothing changes; happened_at, now_amount, now_state, now_hash, counts).
    """
    action = _action(plan)
    cursor.execute(
        f"""CREATE TEMP TABLE told AS SELECT *, {_reverses(action)} AS reverses
        FROM (SELECT line, trim(c{action.key}) AS key, {_told(action)}
            FROM {accepted(plan)} SEMI JOIN temp.typed USING (line))"""
    )
    cursor.execute(f"CREATE TEMP TABLE acts AS {_acts(action)}", [action.source])
    cursor.execute(f"CREATE TEMP TABLE action_problems AS {_problems(action)}")
    cursor.execute("DROP TABLE temp.told")
    _mark(cursor)


def _action(plan: MergePlan) -> ActionPlan:
    assert plan.action is not None  # noqa: S101 - for the type checker; only plans of actions come here
    return plan.action


def _told(action: ActionPlan) -> str:
    """Return SQL for what a row says: told_at, amount, state, null for nothing, and the texts of the first two."""
    told_at = " , ".join(values.cast(_fill(action, action.time, kind)) for kind in _time_types(action))
    parts = {
        "told_at": f"coalesce({told_at})" if action.time is not None else "NULL::TIMESTAMP",
        "told_at_text": f"nullif(trim(c{action.time}), '')" if action.time is not None else "NULL::VARCHAR",
        "amount": values.cast(_fill(action, action.amount, PropertyType.DECIMAL)),
        "amount_text": f"nullif(trim(c{action.amount}), '')",
        "state": f"nullif(trim(c{action.state}), '')" if action.state is not None else "NULL::VARCHAR",
    }
    if action.amount is None:
        parts |= {"amount": "NULL::DECIMAL(38, 10)", "amount_text": "NULL::VARCHAR"}
    return ", ".join(f"{value} AS {name}" for name, value in parts.items())


def _fill(action: ActionPlan, column: int | None, kind: PropertyType) -> Fill:
    """Return how a text is read; a day alone is the moment when it begins in the goal's zone."""
    is_time = kind is not PropertyType.DECIMAL
    return Fill(
        column=column or 0,
        field="",
        property="",
        type=kind,
        strategy=Strategy.SET,
        format=action.time_format if is_time else None,
        fresh_rows_only=False,
        values=action.values,
        holds=PropertyType.DATE_TIME if is_time else None,
    )


def _time_types(action: ActionPlan) -> list[PropertyType]:
    form = action.time_format or ""
    if form in ISO_FORMATS:
        return [PropertyType.DATE_TIME, PropertyType.DATE]
    has_hour = any(part in form for part in ("%H", "%-H", "%I", "%-I"))
    return [PropertyType.DATE_TIME if has_hour else PropertyType.DATE]


def _reverses(action: ActionPlan) -> str:
    if action.state is not None:
        words = ", ".join(text_literal(word) for word in REVERSING_WORDS)
        return f"coalesce(lower(state) IN ({words}), false)"
    if not action.changes:
        return "false"
    return "true" if action.amount is None else "coalesce(amount = 0, false)"


def _acts(action: ActionPlan) -> str:
    """Return SQL for temp.acts; its parameter is the source."""
    reversed_ = text_literal(REVERSED)
    changed = "modified" if action.changes else "corrected"
    # An amount or a state brings a reversed action back; a modification without them leaves it as it is.
    state = f"""CASE WHEN reverses THEN {reversed_} WHEN state IS NOT NULL THEN state
        WHEN was_state = {reversed_} AND amount IS NOT NULL THEN '' ELSE coalesce(was_state, '') END"""
    amount = "CASE WHEN reverses AND is_there THEN was_amount ELSE coalesce(amount, was_amount) END"
    # The row that made the action says what it said: later modifications stay.
    same = "false" if action.changes else "is_there AND made_hash = was_hash"
    happened = "was_happened_at" if action.changes else "coalesce(told_at, was_happened_at)"
    hashed = "was_hash" if action.changes else "made_hash"
    return f"""
        WITH there AS (SELECT t.*, a.source IS NOT NULL AS is_there, a.type, a.profile_id, a.made_hash AS was_hash,
                a.happened_at AS was_happened_at, a.amount AS was_amount, a.state AS was_state,
                md5_number(concat_ws(chr(0), coalesce(t.amount::VARCHAR, ''), coalesce(t.state, ''))) AS made_hash
            FROM temp.told t LEFT JOIN (FROM dat.action WHERE source = ?) a ON a.action_key = t.key),
        after AS (SELECT *, CASE WHEN {same} THEN was_amount ELSE {amount} END AS now_amount,
                CASE WHEN {same} THEN was_state ELSE {state} END AS now_state, {happened} AS happened_at,
                {hashed} AS now_hash FROM there)
        SELECT *, now_state <> {reversed_} AS counts, CASE WHEN NOT is_there THEN '{StepWhat.MADE.value}'
            WHEN now_state = {reversed_} AND was_state <> {reversed_} THEN '{StepWhat.REVERSED.value}'
            WHEN (now_amount, now_state, happened_at) IS DISTINCT FROM (was_amount, was_state, was_happened_at)
                THEN '{changed}' END AS what FROM after"""


def _problems(action: ActionPlan) -> str:
    """Return SQL for what does not fit in the rows of temp.acts; one line a row, the time before the amount."""
    said: list[str] = []
    fields = action.fields
    if action.time is not None:
        test, hint = "told_at_text IS NOT NULL AND told_at IS NULL", f"write it as {action.time_format}"
        kind = _time_types(action)[0]
        if kind is PropertyType.DATE_TIME:
            zone = action.values.time_zone
            skipped = f"{test} AND {times.is_skipped('told_at_text', action.time_format or '', zone)}"
            said.append(
                _problem(skipped, fields.time, "told_at_text", RejectReason.NO_SUCH_TIME, f"clocks skip it in {zone}")
            )
        reason = RejectReason.IMPOSSIBLE_DATE if kind is PropertyType.DATE else RejectReason.NOT_A_DATE_TIME
        said.append(_problem(test, fields.time, "told_at_text", reason, hint))
    if action.amount is not None:
        example = f"write a number such as 12{action.values.decimal}50"
        test = "amount_text IS NOT NULL AND amount IS NULL"
        said.append(_problem(test, fields.amount, "amount_text", RejectReason.NOT_A_DECIMAL, example))
    if action.changes and (action.amount is not None or action.state is not None):
        hint = "give the new amount" if action.amount is not None else ""
        if action.state is not None:
            hint += (" or " if hint else "give ") + "a state such as reversed"
        field = fields.amount or fields.state
        empty = "amount_text IS NULL AND state IS NULL"
        said.append(_problem(empty, field, "''", RejectReason.NOTHING_TO_CHANGE, hint))
    said.append(_problem("false", None, "''", RejectReason.NOTHING_TO_CHANGE, ""))
    every = " UNION ALL ".join(f"(SELECT *, {rank} AS rank FROM ({part}))" for rank, part in enumerate(said))
    return f"SELECT DISTINCT ON (line) line, column_name, value, reason, detail FROM ({every}) ORDER BY line, rank"


def _problem(test: str, field: str | None, value: str, reason: RejectReason, detail: str) -> str:
    return f"""SELECT line, {text_literal(field or "")} AS column_name, {value} AS value, '{reason.value}' AS reason,
        {text_literal(detail)} AS detail FROM temp.acts WHERE {test}"""


def _mark(cursor: Cursor) -> None:
    cursor.execute(
        f"""UPDATE temp.typed SET problem = {OF_ACTION}
        WHERE problem IS NULL AND line IN (SELECT line FROM temp.action_problems)"""
    )
    cursor.execute(
        f"""DELETE FROM temp.action_problems WHERE line NOT IN
        (SELECT line FROM temp.typed WHERE problem = {OF_ACTION})"""
    )


def match_changes(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.matched(line, profile_id, entity) of modifications: the action's own profile, whatever the row names.

    Good rows that are not in it have no action (SkipReason.NO_ACTION).
    """
    del plan
    cursor.execute("DROP TABLE IF EXISTS temp.matched")
    cursor.execute(
        """CREATE TEMP TABLE matched AS SELECT line, profile_id, profile_id AS entity FROM temp.acts
        SEMI JOIN (SELECT line FROM temp.typed WHERE problem IS NULL) USING (line)
        SEMI JOIN dat.profile USING (profile_id) WHERE is_there"""
    )


def check_owners(cursor: Cursor, plan: MergePlan) -> None:
    """Add to temp.action_problems the rows whose action is another's, and mark temp.typed; after matching.

    Another profile's than the one that the row's identifiers point to, or of another type: a click cannot have the key
    of a conversion of its source. And amounts with places where a sum of integers has the action.
    """
    action = _action(plan)
    another = f"'{RejectReason.ACTION_OF_ANOTHER.value}'"
    key = text_literal(action.fields.key)
    rows = [
        f"""SELECT line, {text_literal(action.fields.amount or "")}, a.amount::VARCHAR,
        '{RejectReason.NOT_AN_INTEGER.value}', 'its sum is of integers' FROM temp.acts a
        WHERE counts AND a.amount <> trunc(a.amount) AND md5_number(a.key) IN (SELECT key_hash FROM dat.import_sum
            WHERE scope = {text_literal(merge_keys.action_scope(action.source))} AND is_amount
            AND lower(property) IN (SELECT lower(column_name) FROM duckdb_columns()
                WHERE schema_name = 'dat' AND table_name = 'profile' AND data_type = 'BIGINT'))"""
    ]
    if not action.changes:
        rows.append(
            f"""SELECT line, {key}, key, {another}, 'the action belongs to profile ' || a.profile_id
            FROM temp.acts a JOIN temp.matched m USING (line) WHERE is_there AND m.entity <> a.profile_id"""
        )
        rows.append(
            f"""SELECT line, {key}, key, {another}, 'the key is that of one of the ' || a.type
            || '; give these a source of their own' FROM temp.acts a
            WHERE is_there AND a.type <> {text_literal(action.type)}"""
        )
    rows += [
        f"""SELECT t.line, {text_literal(link.field)}, t.l{number}, {another}, 'the action belongs to profile '
        || a.profile_id FROM temp.typed t JOIN temp.acts a USING (line)
        JOIN dat.profile p ON p.{name_literal(link.property)} = t.l{number}
        WHERE is_there AND p.profile_id <> a.profile_id"""
        for number, link in enumerate(plan.links if action.changes else ())
    ]
    good = "SELECT line FROM temp.typed WHERE problem IS NULL"
    cursor.execute(
        f"""INSERT INTO temp.action_problems SELECT DISTINCT ON (line) * FROM ({" UNION ALL ".join(rows)})
        r(line, column_name, value, reason, detail) SEMI JOIN ({good}) USING (line) ORDER BY line, reason"""
    )
    _mark(cursor)
    cursor.execute(f"DELETE FROM temp.matched WHERE line NOT IN ({good})")


def owe(cursor: Cursor, plan: MergePlan) -> None:
    """Make temp.owed, temp.keys_before (storage.tables.merge_keys) and temp.owed_others(profile_id, property, delta).

    owed_others: what sums of mappings that are not this plan's grow by, because their actions changed; of properties
    that the plan does not fill. A sum of the plan's own that shares its property takes it along.
    """
    action, marks = _action(plan), merge_keys.marks(plan)
    given = {
        number: "a.now_amount" if merge_keys.is_amount(plan, plan.fills[number]) else f"v{number}" for number in marks
    }
    merge_keys.share(cursor, plan, given, stands="true" if action.changes else "a.counts")
    scope = merge_keys.action_scope(action.source)
    merge_keys.keep_before(cursor, list(dict.fromkeys([merge_keys.scope(plan), scope])))
    ours = "" if action.changes else "".join(f" AND s.mark <> {text_literal(mark)}" for mark in marks.values())
    cursor.execute("DROP TABLE IF EXISTS temp.others")
    cursor.execute("DROP TABLE IF EXISTS temp.owed_others")
    cursor.execute(
        f"""CREATE TEMP TABLE others AS
        SELECT a.line, s.key_hash, s.mark, s.profile_id, s.property, s.is_amount, s.value AS was,
            CASE WHEN s.is_amount THEN coalesce(a.now_amount, 0) ELSE s.told END AS told,
            CASE WHEN NOT a.counts THEN 0 WHEN s.is_amount THEN coalesce(a.now_amount, 0) ELSE s.told END AS now
        FROM temp.acts a JOIN temp.shares h USING (line) JOIN dat.import_sum s ON s.key_hash = h.key_hash
        WHERE s.scope = ? AND a.what IS NOT NULL{ours}""",
        [scope],
    )
    filled = {fill.property.lower(): number for number, fill in reversed(list(enumerate(plan.fills)))}
    for name, number in filled.items():
        if number in marks:
            cursor.execute(
                f"""INSERT INTO temp.owed BY NAME SELECT profile_id AS entity, line, now - was AS s{number}
                FROM temp.others WHERE now <> was AND lower(property) = {text_literal(name)}"""
            )
    cursor.execute(
        """CREATE TEMP TABLE owed_others AS SELECT profile_id, property, sum(now - was) AS delta FROM temp.others
        WHERE now <> was AND NOT list_contains(?::VARCHAR[], lower(property)) GROUP BY profile_id, property""",
        [list(filled)],
    )


def write(cursor: Cursor, plan: MergePlan) -> None:
    """Write dat.action and dat.action_step, and what is remembered of sums that are not this plan's.

    After the profiles are written, and beside merge_keys.remember.
    """
    action = _action(plan)
    scope = merge_keys.action_scope(action.source)
    cursor.execute(
        "DELETE FROM dat.import_sum WHERE scope = ? AND (key_hash, mark) IN (SELECT (key_hash, mark) FROM temp.others)",
        [scope],
    )
    cursor.execute(
        """INSERT INTO dat.import_sum SELECT ?, key_hash, mark, profile_id, property, now, told, is_amount
        FROM temp.others""",
        [scope],
    )
    cursor.execute("DROP TABLE IF EXISTS temp.stepped")
    cursor.execute(
        f"""CREATE TEMP TABLE stepped AS SELECT a.*, coalesce(a.type, {text_literal(action.type)}) AS kind, h.entity
        FROM temp.acts a JOIN temp.shares h USING (line) WHERE a.what IS NOT NULL"""
    )
    cursor.execute(
        "DELETE FROM dat.action WHERE source = ? AND action_key IN (SELECT key FROM temp.stepped)", [action.source]
    )
    cursor.execute(
        """INSERT INTO dat.action SELECT ?, key, kind, entity, happened_at, now_amount, now_state, now_hash, ?,
        now()::TIMESTAMP FROM temp.stepped""",
        [action.source, plan.run_id],
    )
    cursor.execute(
        f"""INSERT INTO dat.action_step SELECT ?, key, coalesce(last, -1) + 1, what, ?, ?, ?, line, entity, kind,
            happened_at, now_amount, now_state, now_hash, {"told_at" if action.changes else "NULL"}, now()::TIMESTAMP
        FROM temp.stepped LEFT JOIN (SELECT action_key, max(position) AS last FROM dat.action_step WHERE source = ?
            GROUP BY action_key) ON action_key = key""",
        [action.source, plan.run_id, plan.goal_id, plan.file_name, action.source],
    )
    cursor.execute("DROP TABLE temp.stepped")


def later_steps(cursor: Cursor, run_id: str) -> int:
    """Return how many steps other runs added after this run's to the actions that it stepped."""
    row = cursor.execute(
        """SELECT count(*) FROM dat.action_step l
        JOIN (SELECT source, action_key, max(position) AS position FROM dat.action_step WHERE run_id = ? GROUP BY ALL) m
        ON l.source = m.source AND l.action_key = m.action_key AND l.position > m.position""",
        [run_id],
    ).fetchone()
    return int(row[0]) if row else 0


def revert(cursor: Cursor, run_id: str) -> int:
    """Bring every action of a run back to the step before it; one without steps is removed. Sums are not touched.

    Returns:
        How many actions were brought back or removed. Whoever calls has seen that no later run stepped them.
    """
    cursor.execute("DROP TABLE IF EXISTS temp.stepped")
    cursor.execute(
        "CREATE TEMP TABLE stepped AS SELECT DISTINCT source, action_key FROM dat.action_step WHERE run_id = ?",
        [run_id],
    )
    cursor.execute("DELETE FROM dat.action_step WHERE run_id = ?", [run_id])
    cursor.execute("DELETE FROM dat.action WHERE (source, action_key) IN (FROM temp.stepped)")
    cursor.execute(
        """INSERT INTO dat.action
        SELECT source, action_key, type, profile_id, happened_at, amount, state, made_hash, run_id, made_at
        FROM (FROM dat.action_step SEMI JOIN temp.stepped USING (source, action_key))
        QUALIFY row_number() OVER (PARTITION BY source, action_key ORDER BY position DESC) = 1"""
    )
    row = cursor.execute("SELECT count(*) FROM temp.stepped").fetchone()
    cursor.execute("DROP TABLE temp.stepped")
    return int(row[0]) if row else 0
