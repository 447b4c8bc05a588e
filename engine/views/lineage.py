"""Where the values of a profile came from: each value with the file, line, run, mapping and version that set it."""

from dataclasses import dataclass
from datetime import datetime

from engine.base import limits
from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from engine.views.profiles import Held, held
from storage.database import Cursor
from storage.records.goals import Property, Strategy
from storage.records.people import Caller
from storage.tables import before_images, changes, goals, lineage, profiles, runs
from storage.tables.lineage import Setting

KEPT_DAYS = limits.KEPT_DAYS
"""How long it is known what set a value."""


@dataclass(frozen=True)
class SetBy:
    """One mapping that filled a property."""

    field: str
    strategy: Strategy


@dataclass(frozen=True)
class SetValue:
    """One value that an import gave a property, as the caller may see it; times are UTC.

    value: None where it was emptied, or where nobody knows it any more (is_known is false): it was taken back.
    before: None where the property was empty, or the profile new. mappings: empty for an identifier, whose field is
    `identifier` ("" where its goal is gone), and for a sum that followed an action. line: 1-based, of the file.
    run_id: "" where the run is not listed any more. reverted_by: None where it stands.
    """

    value: Held
    is_known: bool
    before: Held
    is_new_profile: bool
    mappings: tuple[SetBy, ...]
    identifier: str
    goal_version: int
    run_number: int
    run_id: str
    file_name: str
    line: int
    set_at: datetime
    reverted_by: str | None
    reverted_at: datetime | None

    @property
    def stands(self) -> bool:
        """Whether no revert took it back."""
        return self.reverted_at is None


Lineage = dict[str, tuple[SetValue, ...]]
"""What was set on a profile by lower-case property name, newest first; what nobody knows any more is left out."""


def of_profile(desk: Desk, caller: Caller, profile_id: int) -> Lineage:
    """Return where each value of a profile came from, as far as it is kept (KEPT_DAYS); values masked as on its page.

    Raises:
        NotAllowed: The caller's role does not see profiles.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profile", str(profile_id)))
    with desk.database.snapshot() as cursor:
        known = profiles.properties(cursor)
        now = profiles.values_of(cursor, profile_id, [item.name for item in known.values()])
        if now is None:
            return {}
        # A merge that changed no profile has nothing to tell.
        kept = [
            (change, desk.spool.replaced(str(change.spool_key)))
            for change in changes.with_content(cursor)
            if change.profiles
        ]
        settings = lineage.of_profile(cursor, profile_id, before_images.images(cursor, kept))
        by_name: dict[str, list[Setting]] = {}
        for setting in settings:
            by_name.setdefault(setting.property.lower(), []).append(setting)
        teller = _Teller(cursor, caller)
        return {
            name: teller.told(known[name], found, now[known[name].name])
            for name, found in by_name.items()
            if name in known
        }


class _Teller:
    """Turns what tables know into what a caller sees; asks for each run and goal once."""

    def __init__(self, cursor: Cursor, caller: Caller) -> None:
        self._cursor = cursor
        self._is_masked = not roles.may(caller.role, Right.SEE_RAW_VALUES)
        self._run_ids: dict[str, str] = {}
        self._links: dict[tuple[str, int], dict[str, str]] = {}

    def told(self, item: Property, settings: list[Setting], now: object) -> tuple[SetValue, ...]:
        """Return the settings of one property, newest first; now is what it holds."""
        found, after, later_at = [], now, None
        for setting in settings:
            change = setting.change
            taken_back_at = change.reverted_at
            # What a revert took back was replaced by what had been before, so nothing later tells it.
            is_known = taken_back_at is None or (later_at is not None and taken_back_at > later_at)
            found.append(self._one(item, setting, after if is_known else None, is_known=is_known))
            after, later_at = setting.before, change.merged_at
        return tuple(found)

    def _one(self, item: Property, setting: Setting, value: object, *, is_known: bool) -> SetValue:
        change = setting.change
        named = [change.mappings[number] for number in setting.mappings]
        return SetValue(
            value=self._held(item, value),
            is_known=is_known,
            before=self._held(item, setting.before),
            is_new_profile=setting.is_new_profile,
            mappings=tuple(SetBy(field, Strategy(strategy)) for field, strategy in named),
            identifier="" if named else self._link(change.goal_id, change.goal_version, item.name),
            goal_version=change.goal_version,
            run_number=change.run_number,
            run_id=self._run_id(change.run_id),
            file_name=masking.mask_text(change.file_name) if self._is_masked else change.file_name,
            line=setting.line,
            set_at=change.merged_at,
            reverted_by=change.reverted_by,
            reverted_at=change.reverted_at,
        )

    def _held(self, item: Property, value: object) -> Held:
        return held(item, value, is_masked=self._is_masked)  # type: ignore[arg-type]  # what a property holds

    def _run_id(self, run_id: str) -> str:
        if run_id not in self._run_ids:
            self._run_ids[run_id] = run_id if runs.by_id(self._cursor, run_id) else ""
        return self._run_ids[run_id]

    def _link(self, goal_id: str, version: int, name: str) -> str:
        key = (goal_id, version)
        if key not in self._links:
            goal = next((goal for goal, _, _ in goals.versions(self._cursor, goal_id) if goal.version == version), None)
            links = reversed(goal.identifiers) if goal else ()
            self._links[key] = {link.property.lower(): link.field for link in links}
        return self._links[key].get(name.lower(), "")
