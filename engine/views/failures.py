"""What the page of errors shows: failures in groups, and behind each what happened, for whom, and what to do."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from engine.base import clock, errors, limits
from engine.flows.desk import Desk
from engine.partners import catalog, meanings
from engine.partners.manifest import Manifest
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from engine.statistics.counting import PARTNERS_OWN, PERIODS_DAYS
from storage.database import Cursor
from storage.records.deliveries import DeliveryCategory, Failure
from storage.records.partners import Configuration, ConfigurationState, SignalKind
from storage.records.people import Caller
from storage.tables import audiences, batches, configurations, deliveries, failure_groups
from storage.tables.failure_groups import FailureGroup, Retry, Try, Wanted

__all__ = ["PERIODS_DAYS", "Asked", "Drawer", "FailedLine", "FailureList", "GroupLine", "Progress", "RetryLine"]
_HASH = re.compile("[0-9a-f]{64}")
_HASH_CHARACTERS_SHOWN = 8
_GONE = "These failed messages are not there any more; go back to the list."
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Asked:
    """What the page's address asks for; code "" is no code. With a day all of it is shown, settled or not."""

    configuration_id: str | None = None
    category: DeliveryCategory | None = None
    code: str | None = None
    day: date | None = None
    days: int = PERIODS_DAYS[-1]
    only_open: bool = True


@dataclass(frozen=True)
class Named:
    """A configuration by its name; deleted ones are said to be so."""

    configuration_id: str
    name: str
    is_deleted: bool


@dataclass(frozen=True)
class GroupLine:
    """Failures of one configuration, category and code, with the configuration's name."""

    group: FailureGroup
    name: str
    is_deleted: bool


@dataclass(frozen=True)
class RetryLine:
    """Messages that were refused and go again by themselves; next_at is UTC."""

    name: str
    retry: Retry


@dataclass(frozen=True)
class FailureList:
    """The list, newest first. by_category: messages of what fits all but the category. now is UTC."""

    lines: tuple[GroupLine, ...]
    by_category: dict[DeliveryCategory, int]
    choices: tuple[Named, ...]
    retries: tuple[RetryLine, ...]
    now: datetime


@dataclass(frozen=True)
class Progress:
    """How a replay goes: of these messages, recovered so far, still on their way, and failed once more."""

    count: int
    recovered: int
    going: int
    failed_again: int


@dataclass(frozen=True)
class Explained:
    """What the manifest says of an error, a sentence each, "" where it says nothing; reference: its list of codes."""

    meaning: str
    likely_cause: str
    what_next: str
    reference: str


@dataclass(frozen=True)
class Drawer:
    """A group of failures in full; times are UTC.

    newest: the newest of its failures; its answer and sentence are masked for callers who may not see raw values.
    audiences: by name. tries: of the newest one's batch. rows: profiles concerned; more than failed where the partner
    refused some of a batch without naming them. current: of those not replayed yet, the ones a replay would send.
    refusal: why there is nothing to replay, one sentence, else None.
    """

    line: GroupLine
    partner: str
    newest: Failure
    audiences: tuple[str, ...]
    said: Explained
    tries: tuple[Try, ...]
    rows: int
    current: int
    progress: Progress
    refusal: str | None
    may_replay: bool
    may_edit: bool
    now: datetime


@dataclass(frozen=True)
class FailedLine:
    """One profile of a group; identifier is shortened where hashed, and masked for those who may not see it."""

    profile_id: int
    kind: SignalKind
    identifier: str
    tries: int
    is_current: bool


def listed(desk: Desk, caller: Caller, asked: Asked) -> FailureList:
    """Return the groups that fit.

    Raises:
        NotAllowed: The caller's role does not see failed messages.
    """
    audit.allow(desk.database, caller, Right.SEE_FAILURES, What("failures"))
    now = clock.now()
    is_all = asked.day is not None or not asked.only_open
    wanted = Wanted(
        configuration_id=asked.configuration_id,
        code=asked.code,
        day=asked.day,
        since=None if asked.day else now.date() - timedelta(days=asked.days - 1),
        only_open=not is_all,
    )
    with desk.database.read() as cursor:
        known = {item.configuration_id: item for item in configurations.listed(cursor, with_deleted=True)}
        found = failure_groups.groups(cursor, wanted)
        told = failure_groups.with_failures(cursor)
        retries = failure_groups.retries(cursor, asked.configuration_id)
    by_category: dict[DeliveryCategory, int] = {}
    for group in found:
        by_category[group.category] = by_category.get(group.category, 0) + group.count
    return FailureList(
        lines=tuple(_line(group, known) for group in found if asked.category in (None, group.category)),
        by_category=by_category,
        choices=tuple(
            Named(item.configuration_id, item.name, item.deleted_at is not None)
            for item in known.values()
            if item.deleted_at is None or item.configuration_id in told
        ),
        retries=tuple(RetryLine(_name(known.get(item.configuration_id)), item) for item in retries),
        now=now,
    )


def drawer(desk: Desk, caller: Caller, failure_ids: Sequence[str]) -> Drawer:
    """Return a group of failures in full.

    Args:
        desk: The open home.
        caller: Who looks.
        failure_ids: Of one configuration, category and code.

    Raises:
        NotAllowed: The caller's role does not see failed messages.
        GiveUp: They are not there.
    """
    audit.allow(desk.database, caller, Right.SEE_FAILURES, What("failures"))
    with desk.database.read() as cursor:
        group = _known(cursor, failure_ids)
        newest = deliveries.by_id(cursor, group.failure_ids[0])
        if newest is None:
            raise errors.GiveUp(_GONE)
        configuration = configurations.by_id(cursor, group.configuration_id, with_deleted=True)
        manifest = catalog.catalog().get(configuration.partner) if configuration else None
        shown = newest if _sees_raw(caller) else _masked(cursor, newest)
        rows, current = failure_groups.count_profiles(cursor, group.failure_ids)
        return Drawer(
            line=_line(group, {group.configuration_id: configuration} if configuration else {}),
            partner=manifest.short_name if manifest else "The partner",
            newest=shown,
            audiences=_audiences(cursor, group),
            said=_explained(manifest, shown),
            tries=_tries(cursor, newest.batch_id, is_raw=_sees_raw(caller)),
            rows=rows,
            current=current,
            progress=_progress(cursor, group),
            refusal=_refusal(configuration, group, current),
            may_replay=roles.may(caller.role, Right.REPLAY),
            may_edit=roles.may(caller.role, Right.EDIT_CONNECTORS),
            now=clock.now(),
        )


def profiles(desk: Desk, caller: Caller, failure_ids: Sequence[str], start: int, most: int) -> list[FailedLine]:
    """Return `most` profiles of failures from `start` on, newest failure first, then by number.

    Raises:
        NotAllowed: The caller's role does not see failed messages.
    """
    audit.allow(desk.database, caller, Right.SEE_FAILURES, What("failures"))
    most = min(most, limits.FAILED_PROFILES_SHOWN_MAX)
    with desk.database.read() as cursor:
        found = failure_groups.profiles(cursor, failure_ids, start, most)
    return [
        FailedLine(
            profile_id=item.profile_id,
            kind=item.kind,
            identifier=_shown(item.identifier, is_raw=_sees_raw(caller)),
            tries=tries,
            is_current=item.is_current,
        )
        for item, tries in found
    ]


def progress(desk: Desk, caller: Caller, failure_ids: Sequence[str]) -> Progress:
    """Return how the replay of these failures goes.

    Raises:
        NotAllowed: The caller's role does not see failed messages.
        GiveUp: They are not there.
    """
    audit.allow(desk.database, caller, Right.SEE_FAILURES, What("failures"))
    with desk.database.read() as cursor:
        return _progress(cursor, _known(cursor, failure_ids))


def masked_answer(text: str, identifiers: Collection[str]) -> str:
    """Return a partner's answer without personal values: e-mail addresses, long numbers, and what we sent. Pure."""

    def shown(found: re.Match[str]) -> str:
        try:
            said = json.loads(found.group())
        except ValueError:
            return found.group()
        return json.dumps(masking.mask(said), ensure_ascii=False) if said in identifiers else found.group()

    return masking.mask_text(_QUOTED.sub(shown, text))


def _known(cursor: Cursor, failure_ids: Sequence[str]) -> FailureGroup:
    found = failure_groups.groups_of(cursor, failure_ids)
    if not found:
        raise errors.GiveUp(_GONE)
    return found[0]


def _sees_raw(caller: Caller) -> bool:
    return roles.may(caller.role, Right.SEE_RAW_VALUES)


def _masked(cursor: Cursor, failure: Failure) -> Failure:
    sent = frozenset(batches.identifiers_of(cursor, failure.batch_id))
    return replace(
        failure,
        sentence=masking.mask_text(failure.sentence),
        answer=masked_answer(failure.answer, sent),
    )


def _tries(cursor: Cursor, batch_id: str, *, is_raw: bool) -> tuple[Try, ...]:
    """Return the calls of a batch; the partner's own words are masked for those who may not see raw values."""
    found = failure_groups.tries(cursor, batch_id)
    if is_raw:
        return tuple(found)
    return tuple(replace(item, said=masking.mask_text(item.said) if item.said else item.said) for item in found)


def _shown(identifier: str, *, is_raw: bool) -> str:
    if _HASH.fullmatch(identifier):
        return f"SHA-256 {identifier[:_HASH_CHARACTERS_SHOWN]}{masking.ELLIPSIS}"
    return identifier if is_raw else masking.mask(identifier) or ""


def _line(group: FailureGroup, known: Mapping[str, Configuration]) -> GroupLine:
    configuration = known.get(group.configuration_id)
    return GroupLine(group, _name(configuration), configuration is None or configuration.deleted_at is not None)


def _name(configuration: Configuration | None) -> str:
    return configuration.name if configuration else "Deleted connector"


def _audiences(cursor: Cursor, group: FailureGroup) -> tuple[str, ...]:
    names = set()
    for activation_id in group.activation_ids:
        activation = audiences.activation(cursor, activation_id)
        audience = audiences.by_id(cursor, activation.audience_id) if activation else None
        names.add(audience.name if audience else "Deleted audience")
    return tuple(sorted(names))


def _explained(manifest: Manifest | None, failure: Failure) -> Explained:
    if manifest is None:
        return Explained(failure.sentence, "", "", "")
    asked = (manifest, failure.category, failure.code)
    return Explained(
        meaning=meanings.meaning(*asked),
        likely_cause=meanings.likely_cause(*asked),
        what_next=meanings.what_next(*asked),
        reference=manifest.error_reference if failure.code and failure.category in PARTNERS_OWN else "",
    )


def _progress(cursor: Cursor, group: FailureGroup) -> Progress:
    again = failure_groups.failed_again(cursor, group.failure_ids)
    return Progress(group.count, group.recovered, group.going, again)


def _refusal(configuration: Configuration | None, group: FailureGroup, current: int) -> str | None:
    if configuration is None or configuration.deleted_at is not None:
        return "The connector was deleted, so nothing can be sent again."
    if not group.open_count:
        return "All of it was sent again before."
    if configuration.state is ConfigurationState.STOPPED:
        return f"{configuration.name} is stopped: mend its credentials and activate it, then these go again."
    if configuration.state is not ConfigurationState.ACTIVE:
        return f"{configuration.name} is deactivated; activate it first."
    if not current:
        return "Nothing of it is current any more: the audience has changed since, so a replay would be wrong."
    return None
