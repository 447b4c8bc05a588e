"""Who is in an audience, and the difference to before: members, what partners were told, and signals in one go.

Everything is told by identifier: two profiles with one e-mail address are one entry at the partner, so it is added
with the first of them and removed with the last. In one wave each identifier occurs once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.audiences import Condition, Difference
from storage.records.deliveries import Batch, Failure, Target, Wave
from storage.records.partners import SignalKind
from storage.tables import conditions

LETTERS = {SignalKind.ADD: "a", SignalKind.REMOVE: "r"}
"""A batch's id is its wave's, a letter for the kind of its signals, and a number."""
TOLD_BY_ANY_LINK = """SELECT identifier FROM dat.told WHERE is_sent
    AND activation_id IN (SELECT activation_id FROM ctl.activation WHERE configuration_id = ?)"""
"""Whom a configuration should have by any of its links: a late remove of an earlier link leaves them there."""


def recompute(
    cursor: Cursor,
    audience_id: str,
    condition: Condition | None,
    targets: Sequence[Target],
    at: datetime,
    revision: int | None = None,
) -> Difference:
    """Bring an audience to what its rule says now, and write the signals that follow.

    The caller holds the write transaction on `dat`: membership, what is told and the signals commit together.

    Args:
        cursor: Inside `database.write("dat")`.
        audience_id: Whose members.
        condition: Who is in; None empties the audience (it is being deleted).
        targets: Open activations whose configuration is active, and ended ones with something left to tell.
        at: Now, UTC.
        revision: Look only at the profiles that this run touched; None looks at all.

    Returns:
        What changed; all zero but members where nothing did.
    """
    profiles, touched = "dat.profile", ""
    if revision is not None:
        cursor.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT * FROM dat.profile WHERE _rev = ?", [revision])
        profiles, touched = "temp.touched", " AND profile_id IN (SELECT profile_id FROM temp.touched)"
    where, values = conditions.test(condition) if condition else ("false", [])
    entered, left = _move(cursor, audience_id, f"SELECT profile_id FROM {profiles} WHERE {where}", values, touched)
    members = count(cursor, audience_id)
    if entered or left:
        cursor.execute("INSERT INTO dat.member_count VALUES (?, ?, ?, ?, ?)", [audience_id, at, members, entered, left])
    adds = removes = 0
    for target in targets:
        is_open = target.activation.ended_at is None and condition is not None
        found = _Wanted(
            seen=_said(target, profiles, where if is_open else "false"),
            of_all=_said(target, "dat.profile", where if is_open else "false"),
            values=values if is_open else [],
            touched=touched,
            is_open=is_open,
        )
        owed = _tell(cursor, target, found, at)
        adds, removes = adds + owed[0], removes + owed[1]
    for table in ("touched", "moved", "apart", "shared", "owed"):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return Difference(members, entered, left, adds, removes)


@dataclass(frozen=True)
class _Wanted:
    """Whom a target should be told of, as SQL for (profile_id, said), and its parameters.

    seen: among the profiles that are looked at; of_all: among all. touched: SQL that leaves only the former in a
    condition. is_open: the activation is not ended.
    """

    seen: str
    of_all: str
    values: list[Any]
    touched: str
    is_open: bool


def _said(target: Target, profiles: str, where: str) -> str:
    """Return SQL for (profile_id, said): how a target knows each of these profiles; those it cannot know left out."""
    said = conditions.identifier(target.activation.property, target.form)
    return f"FROM (SELECT profile_id, {said} AS said FROM {profiles} WHERE {where}) WHERE said IS NOT NULL"


def _move(cursor: Cursor, audience_id: str, inside: str, values: list[Any], touched: str) -> tuple[int, int]:
    """Bring dat.member to who is in; return how many entered and left."""
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE moved AS
        SELECT profile_id, was.profile_id IS NULL AS is_entering FROM ({inside}) now
        FULL JOIN (SELECT profile_id FROM dat.member WHERE audience_id = ?{touched}) was USING (profile_id)
        WHERE was.profile_id IS NULL OR now.profile_id IS NULL""",
        [*values, audience_id],
    )
    entered = _number(cursor, "SELECT count(*) FROM temp.moved WHERE is_entering")
    left = _number(cursor, "SELECT count(*) FROM temp.moved WHERE NOT is_entering")
    if left:
        cursor.execute(
            "DELETE FROM dat.member WHERE audience_id = ? AND profile_id IN "
            "(SELECT profile_id FROM temp.moved WHERE NOT is_entering)",
            [audience_id],
        )
    if entered:
        cursor.execute("INSERT INTO dat.member SELECT ?, profile_id FROM temp.moved WHERE is_entering", [audience_id])
    return entered, left


def _tell(cursor: Cursor, target: Target, wanted: _Wanted, at: datetime) -> tuple[int, int]:
    """Write what one target is owed; return adds and removes."""
    activation = target.activation
    if wanted.is_open and _begins(cursor, activation.activation_id, at) and not activation.sends_current:
        cursor.execute(
            f"INSERT INTO dat.told SELECT ?, said, min(profile_id), false, false FROM ({wanted.of_all}) GROUP BY said",
            [activation.activation_id, *wanted.values],
        )
        return 0, 0
    if not _find_owed(cursor, activation.activation_id, wanted):
        return 0, 0
    cursor.execute(
        "INSERT INTO dat.told SELECT ?, identifier, profile_id, true, false FROM temp.owed WHERE is_add",
        [activation.activation_id],
    )
    if activation.ended_at is not None and not activation.sends_removes:
        return 0, 0
    if activation.ended_at is not None:
        cursor.execute(f"DELETE FROM temp.owed WHERE identifier IN ({TOLD_BY_ANY_LINK})", [activation.configuration_id])
    adds = _number(cursor, "SELECT count(*) FROM temp.owed WHERE is_add")
    removes = _number(cursor, "SELECT count(*) FROM temp.owed WHERE NOT is_add AND is_sent")
    if adds or removes:
        wave = Wave(
            next_wave_id(cursor),
            activation.configuration_id,
            activation.activation_id,
            adds,
            removes,
            target.batch_size,
            None,
            at,
        )
        _write_signals(cursor, wave, SignalKind.ADD, "SELECT * FROM temp.owed WHERE is_add")
        _write_signals(cursor, wave, SignalKind.REMOVE, "SELECT * FROM temp.owed WHERE NOT is_add AND is_sent")
        add_wave(cursor, wave)
    return adds, removes


def _find_owed(cursor: Cursor, activation_id: str, wanted: _Wanted) -> bool:
    """Make temp.owed, and take what is in it out of dat.told; say whether there is anything.

    It holds who is wanted and was not told (is_add), who was told and is not wanted, and whoever is wanted of those
    of whom nobody knows whether the partner has them (is_add and is_unsure).
    """
    told = "SELECT * FROM dat.told WHERE activation_id = ?"
    # Profiles' numbers are compared first, which is quick; only where they differ do identifiers say what is owed,
    # for several profiles may share one.
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE apart AS
        SELECT w.profile_id AS wanted_id, w.said AS wanted, t.profile_id AS told_id, t.identifier AS told,
            t.is_sent, t.is_unsure
        FROM ({wanted.seen}) w FULL JOIN ({told}{wanted.touched}) t ON t.profile_id = w.profile_id
        WHERE w.profile_id IS NULL OR t.profile_id IS NULL OR w.said <> t.identifier OR t.is_unsure""",
        [*wanted.values, activation_id],
    )
    if not _number(cursor, "SELECT count(*) FROM temp.apart"):
        return False
    # Who was told of and is wanted still, by another profile that shares the identifier or the same one.
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE shared AS SELECT said AS identifier, min(profile_id) AS profile_id
        FROM ({wanted.of_all}) WHERE said IN (SELECT told FROM temp.apart WHERE told IS NOT NULL) GROUP BY said""",
        wanted.values,
    )
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE owed AS
        SELECT wanted AS identifier, min(wanted_id) AS profile_id, true AS is_add, true AS is_sent, false AS is_unsure
        FROM temp.apart a ANTI JOIN ({told}) t ON t.identifier = a.wanted WHERE wanted IS NOT NULL GROUP BY wanted
        UNION ALL
        SELECT DISTINCT told, told_id, s.identifier IS NOT NULL, is_sent, is_unsure FROM temp.apart a
        LEFT JOIN temp.shared s ON s.identifier = a.told
        WHERE told IS NOT NULL AND (s.identifier IS NULL OR is_unsure)""",
        [activation_id],
    )
    # Profiles' numbers are found much faster than texts, so they come first.
    cursor.execute(
        "DELETE FROM dat.told WHERE activation_id = ? AND profile_id IN (SELECT told_id FROM temp.apart) "
        "AND identifier IN (SELECT identifier FROM temp.owed)",
        [activation_id],
    )
    if _number(cursor, "SELECT count(*) FROM temp.shared"):
        # The entry is held by one who is in: when that one leaves, a look at that one alone finds it.
        cursor.execute(
            "UPDATE dat.told SET profile_id = s.profile_id FROM temp.shared s "
            "WHERE activation_id = ? AND told.identifier = s.identifier",
            [activation_id],
        )
    return True


def _begins(cursor: Cursor, activation_id: str, at: datetime) -> bool:
    """Say whether this is an activation's first recompute, and note that it is done."""
    if has_begun(cursor, activation_id):
        return False
    cursor.execute("INSERT INTO dat.activation_begun VALUES (?, ?)", [activation_id, at])
    return True


def has_begun(cursor: Cursor, activation_id: str) -> bool:
    """Say whether an activation's first recompute is done."""
    return bool(_number(cursor, "SELECT count(*) FROM dat.activation_begun WHERE activation_id = ?", activation_id))


def next_wave_id(cursor: Cursor) -> str:
    """Return the id of the next wave: one more than the last, so that the order never hangs on a clock."""
    return f"{_number(cursor, 'SELECT coalesce(max(wave_id), 0::VARCHAR)::BIGINT FROM dat.wave') + 1:012d}"


def _write_signals(cursor: Cursor, wave: Wave, kind: SignalKind, owed: str) -> None:
    cursor.execute(
        f"""INSERT INTO dat.signal SELECT
            ? || lpad(((row_number() OVER () - 1) // {wave.batch_size})::VARCHAR, 9, '0'),
            profile_id, identifier, is_unsure
        FROM ({owed})""",
        [f"{wave.wave_id}-{LETTERS[kind]}"],
    )


def has_replay(cursor: Cursor, failure_id: str) -> bool:
    """Say whether a wave sends this failure again already."""
    return bool(_number(cursor, "SELECT count(*) FROM dat.wave WHERE failure_id = ?", failure_id))


def write_replay(cursor: Cursor, wave: Wave, failure: Failure) -> int:
    """Write a wave that sends again what is still current of a failure; return how many signals that is.

    An add is current where the partner should still have it, a remove where it should not, by whichever link. Of a
    failure that does not name whom it concerns the whole batch goes again.

    Args:
        cursor: Inside `database.write("dat")`.
        wave: Its counts are found here.
        failure: What is sent again.
    """
    is_add = failure.kind is SignalKind.ADD
    current, or_by_any = ("SEMI JOIN", "") if is_add else ("ANTI JOIN", f" UNION ALL {TOLD_BY_ANY_LINK}")
    named = "" if failure.is_whole_batch else "SEMI JOIN (SELECT * FROM ctl.failed_signal WHERE failure_id = ?) n "
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE owed AS
        SELECT profile_id, identifier, true AS is_unsure FROM (SELECT * FROM dat.signal WHERE batch_id = ?) s
        {current} (SELECT identifier FROM dat.told WHERE activation_id = ?{or_by_any}) t USING (identifier)
        {named}{"USING (identifier)" if named else ""}""",
        [
            failure.batch_id,
            failure.activation_id,
            *([] if is_add else [failure.configuration_id]),
            *([failure.failure_id] if named else []),
        ],
    )
    found = _number(cursor, "SELECT count(*) FROM temp.owed")
    if found:
        made = replace(wave, adds=found if is_add else 0, removes=0 if is_add else found)
        _write_signals(cursor, made, failure.kind, "SELECT * FROM temp.owed")
        add_wave(cursor, made)
    cursor.execute("DROP TABLE temp.owed")
    return found


def add_wave(cursor: Cursor, wave: Wave) -> None:
    """Write the marker from which the wave's batches follow, in the transaction of its signals."""
    cursor.execute(
        "INSERT INTO dat.wave VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            wave.wave_id,
            wave.configuration_id,
            wave.activation_id,
            wave.adds,
            wave.removes,
            wave.batch_size,
            wave.failure_id,
            wave.made_at,
        ],
    )


def take_back(cursor: Cursor, held: Sequence[Batch]) -> None:
    """Undo in dat.told what these held batches would have told; done twice it does no harm.

    Of one identifier the first held signal says how it was before: an add means not told, a remove means told.
    Where its batch was called for without a clear answer, or it was unsure itself, nobody knows; whatever is wanted
    is then said again.

    Args:
        cursor: Inside `database.write("dat")`.
        held: Batches of one configuration; those that were taken back before are left out.
    """
    cursor.execute(
        """CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT batch_id, activation_id, batch_id IN (SELECT batch_id FROM ctl.delivery
            WHERE status IS NULL OR status NOT BETWEEN 400 AND 499) AS is_unsure
        FROM (SELECT unnest(?::VARCHAR[]) AS batch_id, unnest(?::VARCHAR[]) AS activation_id)
        ANTI JOIN dat.taken_back USING (batch_id)""",
        [[batch.batch_id for batch in held], [batch.activation_id for batch in held]],
    )
    # A batch's id begins with its wave's number, so the least is the first; then stands the letter of its kind.
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE owed AS
        SELECT activation_id, identifier, arg_min(profile_id, batch_id) AS profile_id,
            min(batch_id)[14] = '{LETTERS[SignalKind.ADD]}' AS is_add,
            arg_min(s.is_unsure OR f.is_unsure, batch_id) AS is_unsure
        FROM dat.signal s JOIN temp.fresh f USING (batch_id) GROUP BY ALL"""
    )
    cursor.execute(
        "DELETE FROM dat.told WHERE (activation_id, identifier) IN (SELECT activation_id, identifier FROM temp.owed)"
    )
    cursor.execute(
        "INSERT INTO dat.told SELECT activation_id, identifier, profile_id, true, is_unsure FROM temp.owed "
        "WHERE is_unsure OR NOT is_add"
    )
    cursor.execute("INSERT INTO dat.taken_back SELECT batch_id FROM temp.fresh")
    for table in ("fresh", "owed"):
        cursor.execute(f"DROP TABLE temp.{table}")


def count(cursor: Cursor, audience_id: str) -> int:
    """Return how many members an audience has."""
    return _number(cursor, "SELECT count(*) FROM dat.member WHERE audience_id = ?", audience_id)


def would_move(cursor: Cursor, audience_id: str, condition: Condition, revision: int) -> tuple[int, int, int]:
    """Return members, how many of them no longer fit the rule, and how many others do, of what a run touched."""
    where, values = conditions.test(condition)
    row = cursor.execute(
        f"""SELECT count(*) FILTER (is_in AND NOT fits), count(*) FILTER (fits AND NOT is_in) FROM (
            SELECT m.profile_id IS NOT NULL AS is_in, coalesce({where}, false) AS fits
            FROM (FROM dat.profile WHERE _rev = ?) p
            LEFT JOIN (SELECT profile_id FROM dat.member WHERE audience_id = ?) m USING (profile_id))""",
        [*values, revision, audience_id],
    ).fetchone()
    leave, enter = row or (0, 0)
    return count(cursor, audience_id), leave, enter


def sample(cursor: Cursor, condition: Condition, most: int) -> list[int]:
    """Return the ids of some profiles that meet a condition, lowest first."""
    where, values = conditions.test(condition)
    rows = cursor.execute(
        f"SELECT profile_id FROM dat.profile WHERE {where} ORDER BY profile_id LIMIT {most}", values
    ).fetchall()
    return [profile_id for (profile_id,) in rows]


def count_told(cursor: Cursor, activation_id: str) -> int:
    """Return how many identifiers the partner was told to have, signals on their way included."""
    return _number(cursor, "SELECT count(*) FROM dat.told WHERE activation_id = ? AND is_sent", activation_id)


def has_told(cursor: Cursor, activation_id: str) -> bool:
    """Say whether an activation has anything left that was told, sent or not."""
    return bool(_number(cursor, "SELECT count(*) FROM dat.told WHERE activation_id = ?", activation_id))


def forget(cursor: Cursor, audience_id: str) -> None:
    """Remove what is known of a deleted audience's members; what partners were told stays with the activations."""
    for table in ("member", "member_count"):
        cursor.execute(f"DELETE FROM dat.{table} WHERE audience_id = ?", [audience_id])


def _number(cursor: Cursor, query: str, *values: object) -> int:
    # All of it is fetched: a cursor with an unfinished answer takes no array in.
    [[found]] = cursor.execute(query, list(values)).fetchall()
    return int(found)
