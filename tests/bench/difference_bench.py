"""The audience difference: a million profiles of which 1 % enter, 1 % leave and 1 % change their identifier.

Members, what the partner was told, and the signals are written in one transaction; against the scan of the columns
that any difference has to read.
"""

import os
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from storage.database import Database, open_database
from storage.migrate import migrate
from storage.records.audiences import Activation, Condition, Operator
from storage.records.deliveries import Target
from storage.records.goals import Property, PropertyType
from storage.records.partners import IdentifierForm
from storage.tables import members, profiles
from tests.bench.measuring import Measure, Report, in_turn, median, timed, verdict

PROFILES = int(os.environ.get("BENCH_PROFILES", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
RATIO_MAX = 4
_NOW = datetime(2026, 11, 21)
_SHARE = PROFILES // 100
_ACTIVATION = Activation(
    activation_id="01ACTIVATION0000000000000",
    audience_id="01AUDIENCE000000000000000",
    configuration_id="01CONFIGURATION0000000000",
    property="customer_id",
    sends_current=True,
    created_at=_NOW,
    ended_at=None,
    sends_removes=False,
)
_TARGET = Target(_ACTIVATION, IdentifierForm("EXTERN_ID", "Your own id"), 10_000)
_RULE = Condition("spend", PropertyType.DECIMAL, Operator.AT_LEAST, Decimal(10))
_SCAN = """
    SELECT (SELECT bit_xor(hash(profile_id, spend, customer_id)) FROM dat.profile),
        (SELECT bit_xor(hash(audience_id, profile_id)) FROM dat.member),
        (SELECT bit_xor(hash(activation_id, identifier, profile_id, is_sent, is_unsure)) FROM dat.told)"""


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    world = _World(folder / "difference.duckdb")
    measures: dict[str, Measure] = {
        "difference": partial(world.recompute, of_run=True),
        "scan": world.scan,
        "anew": partial(world.recompute, of_run=False),
    }
    found = in_turn(ROUNDS, **measures)
    world.close()
    ours, scan = median(found["difference"]), median(found["scan"])
    note = (
        f"{PROFILES:,} profiles, 99 % of them in the audience; {_SHARE:,} enter, {_SHARE:,} leave and {_SHARE:,} have "
        f"another identifier. Rule over a decimal, identifier a text. The scan reads rule, identifier and number of "
        "all profiles, all of dat.member and all of dat.told once, and folds each value into one hash; the "
        "difference ends with members, what was told, and signals committed. "
        f"Median of {ROUNDS} rounds in turn."
    )
    anew = median(found["anew"])
    lines = [
        ("difference after an import, in one transaction", f"{ours * 1e3:.0f}"),
        ("scan alone", f"{scan * 1e3:.0f}"),
        ("difference over all profiles, as after a change of the rule", f"{anew * 1e3:.0f}"),
    ]
    report.table("Audience difference", note, ("what", "wall ms"), lines)
    ratio = ours / scan
    bound = verdict(ratio, RATIO_MAX, is_floor=False)
    ratios = [
        ("difference after an import to scan", f"{ratio:.2f}", bound),
        ("difference over all profiles to scan", f"{anew / scan:.2f}", "for information"),
    ]
    report.table("Difference ratio", "", ("ratio", "figure", "to reach"), ratios)


class _World:
    """One audience with one activation, whose profiles change to and fro between two states."""

    def __init__(self, path: Path) -> None:
        self._database: Database = open_database(path, (path.parent,))
        migrate(self._database)
        wanted = [
            Property("customer_id", PropertyType.TEXT, is_unique=True),
            Property("spend", PropertyType.DECIMAL, is_unique=False),
        ]
        profiles.add_properties(self._database, wanted, _NOW)
        with self._database.write("dat") as cursor:
            # In random order, ids in an order of their own.
            cursor.execute(
                """INSERT INTO dat.profile (profile_id, _rev, customer_id, spend)
                SELECT n, 1, 'C' || lpad(((n * 104729) % 100000007)::VARCHAR, 9, '0'),
                    CASE WHEN n % 100 = 0 THEN 5 ELSE 10 + (n * 31) % 100000 / 100 END
                FROM range(1, ? + 1) AS numbers(n) ORDER BY md5(n::VARCHAR)""",
                [PROFILES],
            )
        self._rounds = 1
        self._recompute(None)

    def recompute(self, *, of_run: bool) -> float:
        """Change the profiles as a run does, then bring the audience to it; return the seconds of the latter."""
        self._rounds += 1
        self._change()
        took_s = timed(partial(self._recompute, self._rounds if of_run else None))
        with self._database.read() as cursor:
            [[adds, removes]] = cursor.execute(
                "SELECT adds, removes FROM dat.wave ORDER BY wave_id DESC LIMIT 1"
            ).fetchall()
        # Each identifier that enters is one add and one that leaves one remove; who changes it, both.
        assert (adds, removes) == (2 * _SHARE, 2 * _SHARE), (adds, removes)
        return took_s

    def scan(self) -> float:
        """Return the seconds that reading alone takes."""
        with self._database.read() as cursor:
            return timed(lambda: cursor.execute(_SCAN).fetchall())

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def _change(self) -> None:
        """Let the one hundredth that is out come in, the next one go, and the third have other identifiers."""
        out, left = self._rounds % 2, (self._rounds - 1) % 2
        with self._database.write("dat") as cursor:
            cursor.execute(
                """CREATE OR REPLACE TEMP TABLE changed AS
                SELECT * REPLACE (
                    ? AS _rev,
                    CASE WHEN profile_id % 100 = ? THEN 500 WHEN profile_id % 100 = ? THEN 5 ELSE spend END AS spend,
                    CASE WHEN profile_id % 100 = 2 THEN ? || substr(customer_id, 2) ELSE customer_id END AS customer_id)
                FROM dat.profile WHERE profile_id % 100 IN (0, 1, 2)""",
                [self._rounds, out, left, "XC"[self._rounds % 2]],
            )
            cursor.execute("DELETE FROM dat.profile WHERE profile_id % 100 IN (0, 1, 2)")
            cursor.execute("INSERT INTO dat.profile SELECT * FROM temp.changed")

    def _recompute(self, revision: int | None) -> None:
        with self._database.write("dat") as cursor:
            members.recompute(cursor, _ACTIVATION.audience_id, _RULE, [_TARGET], _NOW, revision)
