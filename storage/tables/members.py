"""Who is in an audience, and the difference to before: members, what partners were told, and signals in one go.

Everything is told by identifier: two profiles with one e-mail address are one entry at the partner, so it is added
with the first of them and removed with the last. In one wave each identifier occurs once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from storage.database import Cursor
from storage.records.audiences import Condition, Difference, MemberCount
from storage.records.deliveries import Batch, Failure, Target, Wave
from storage.records.partners import SignalKind
from storage.tables import conditions, differences
from storage.tables.differences import Numbers

LETTERS = {SignalKind.ADD: "a", SignalKind.REMOVE: "r"}
"""A batch's id is its wave's, a letter for the kind of its signals, and a number."""
TOLD_BY_ANY_LINK = """SELECT identifier FROM dat.told WHERE is_sent
    AND activation_id IN (SELECT activation_id FROM ctl.activation WHERE configuration_id = ?)"""
"""Whom a configuration should have by any of its links: a late remove of an earlier link leaves them there."""


def recompute(
    cursor: Cursor, audience_id: str, condition: Condition | None, targets: Sequence[Target], at: datetime
) -> Difference:
    """Bring an audience to what its rule says now, and write the signals that follow.

    The caller holds the write transaction on `dat`: membership, what is told and the signals commit together.

    Args:
        cursor: Inside `database.write("dat")`.
        audience_id: Whose members.
        condition: Who is in; None empties the audience (it is being deleted).
        targets: Open activations whose configuration is active, and ended ones with something left to tell.
        at: Now, UTC.

    Returns:
        What changed; all zero but members where nothing did.
    """
    inside, *hashes = _inside(cursor, condition, targets)
    [before] = differences.columns(cursor, "SELECT profile_id FROM dat.member WHERE audience_id = ?", [audience_id])
    told = [_told(cursor, target) for target in targets]
    # An ended activation wants nobody any more.
    wanted = [
        of_target if target.activation.ended_at is None and condition is not None else of_target[:0]
        for target, of_target in zip(targets, hashes, strict=True)
    ]
    pairs = zip(wanted, (of_target for _, of_target in told), strict=True)
    (entered, left), *changes = differences.apart([(inside, before), *pairs])
    if len(left):
        differences.stage(cursor, "leaving", left)
        cursor.execute(
            "DELETE FROM dat.member WHERE audience_id = ? AND profile_id IN (SELECT number FROM temp.leaving)",
            [audience_id],
        )
    if len(entered):
        differences.stage(cursor, "entering", entered)
        cursor.execute("INSERT INTO dat.member SELECT ?, number FROM temp.entering", [audience_id])
    if len(entered) or len(left):
        cursor.execute(
            "INSERT INTO dat.member_count VALUES (?, ?, ?, ?, ?)",
            [audience_id, at, len(inside), len(entered), len(left)],
        )
    adds = removes = 0
    for number, target in enumerate(targets):
        fresh, gone = changes[number]
        fresh = differences.without_no_text(cursor, fresh)
        found = _Found(
            condition,
            fresh=inside[differences.places(wanted[number], fresh)],
            gone=gone,
            holders=told[number][0][differences.places(told[number][1], gone)],
        )
        owed = _tell(cursor, target, found, at)
        adds, removes = adds + owed[0], removes + owed[1]
    differences.drop(cursor, "leaving", "entering", "wanted", "gone", "holding", "taken", "owed")
    return Difference(len(inside), len(entered), len(left), adds, removes)


@dataclass(frozen=True)
class _Found:
    """What differs for one target: profiles that are wanted and not told, hashes told of and not wanted, and by whom.

    condition: Who is in, None where the audience is gone.
    """

    condition: Condition | None
    fresh: Numbers
    gone: Numbers
    holders: Numbers


def _inside(cursor: Cursor, condition: Condition | None, targets: Sequence[Target]) -> list[Numbers]:
    """Return the ids of the profiles that are in, and for each target the hashes of their identifiers."""
    said = [conditions.comparable(target.activation.property, target.form) for target in targets]
    hashes = "".join(f", {differences.hash_of(text)} AS i{n}" for n, text in enumerate(said))
    where, values = conditions.test(condition) if condition else ("false", [])
    return differences.columns(cursor, f"SELECT profile_id{hashes} FROM dat.profile WHERE {where}", values)


def _identifier(target: Target) -> str:
    return conditions.identifier(target.activation.property, target.form)


def _told(cursor: Cursor, target: Target) -> list[Numbers]:
    """Return profiles and hashes of whom a target was told."""
    said = f"profile_id, {differences.hash_of('identifier')} AS h"
    activation_id = target.activation.activation_id
    return differences.columns(cursor, f"SELECT {said} FROM dat.told WHERE activation_id = ?", [activation_id])


def _tell(cursor: Cursor, target: Target, found: _Found, at: datetime) -> tuple[int, int]:
    """Write what one target is owed; return adds and removes."""
    activation = target.activation
    if (
        activation.ended_at is None
        and found.condition is not None
        and _begins(cursor, activation.activation_id, at)
        and not activation.sends_current
    ):
        where, values = conditions.test(found.condition)
        cursor.execute(
            f"""INSERT INTO dat.told SELECT ?, said, min(profile_id), false, false
            FROM (SELECT {_identifier(target)} AS said, profile_id FROM dat.profile WHERE {where}) AS inside
            WHERE said IS NOT NULL GROUP BY said""",
            [activation.activation_id, *values],
        )
        return 0, 0
    if not _find_owed(cursor, target, found):
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


def _find_owed(cursor: Cursor, target: Target, found: _Found) -> bool:
    """Make temp.owed, and take what is in it out of dat.told; say whether there is anything.

    It holds who is wanted and was not told (is_add), who was told and is not wanted, and whoever is wanted of those
    of whom nobody knows whether the partner has them (is_add and is_unsure).
    """
    activation_id = target.activation.activation_id
    unsure = _number(cursor, "SELECT count(*) FROM dat.told WHERE activation_id = ? AND is_unsure", activation_id)
    if not (len(found.fresh) or len(found.gone) or unsure):
        return False
    differences.stage(cursor, "wanted", found.fresh)
    # Who shares an identifier is one entry.
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE owed AS
        SELECT {_identifier(target)} AS identifier, min(profile_id) AS profile_id, true AS is_add, true AS is_sent,
            false AS is_unsure
        FROM dat.profile WHERE profile_id IN (SELECT number FROM temp.wanted) GROUP BY 1"""
    )
    if len(found.gone):
        _take_out(cursor, activation_id, found)
    if unsure:
        still = "FROM dat.told WHERE activation_id = ? AND is_unsure"
        cursor.execute(
            f"INSERT INTO temp.owed SELECT identifier, profile_id, true, is_sent, is_unsure {still}", [activation_id]
        )
        cursor.execute(f"DELETE {still}", [activation_id])
    return True


def _take_out(cursor: Cursor, activation_id: str, found: _Found) -> None:
    """Move whoever was told and is not wanted from dat.told to temp.owed."""
    # Profiles' numbers are found much faster than hashes, so all that is told of them is taken, and the rest put back.
    differences.stage(cursor, "gone", found.gone)
    differences.stage(cursor, "holding", found.holders)
    theirs = "FROM dat.told WHERE activation_id = ? AND profile_id IN (SELECT number FROM temp.holding)"
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE taken AS SELECT * {theirs}", [activation_id])
    cursor.execute(f"DELETE {theirs}", [activation_id])
    is_gone = f"{differences.hash_of('identifier')} IN (SELECT number FROM temp.gone)"
    cursor.execute(f"INSERT INTO dat.told SELECT * FROM temp.taken WHERE NOT {is_gone}")
    cursor.execute(
        "INSERT INTO temp.owed SELECT identifier, profile_id, false, is_sent, is_unsure FROM temp.taken "
        f"WHERE {is_gone}"
    )


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


def history(cursor: Cursor, audience_id: str, since: datetime) -> list[MemberCount]:
    """Return the changes of an audience's size since a time (UTC), oldest first; empty where nothing changed."""
    rows = cursor.execute(
        'SELECT "at", members, entered, "left" FROM dat.member_count WHERE audience_id = ? AND "at" >= ? ORDER BY "at"',
        [audience_id, since],
    ).fetchall()
    return [MemberCount(*row) for row in rows]


def forget(cursor: Cursor, audience_id: str) -> None:
    """Remove what is known of a deleted audience's members; what partners were told stays with the activations."""
    for table in ("member", "member_count"):
        cursor.execute(f"DELETE FROM dat.{table} WHERE audience_id = ?", [audience_id])


def _number(cursor: Cursor, query: str, *values: object) -> int:
    # All of it is fetched: a cursor with an unfinished answer takes no array in.
    [[found]] = cursor.execute(query, list(values)).fetchall()
    return int(found)
