"""What the audience pages show: who is in, who would be, whom it is sent to, and what it can be linked to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.audiences import rule as rules
from engine.audiences import sizes
from engine.base import clock, errors, limits
from engine.flows import queue
from engine.flows.desk import Desk
from engine.partners import catalog
from engine.partners import settings as partner_settings
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from engine.views import profiles as profile_views
from engine.views.profiles import Held
from storage.database import Cursor
from storage.records.audiences import Activation, Audience, Condition, Operator
from storage.records.goals import Property
from storage.records.partners import Configuration, ConfigurationState, IdentifierForm, SignalKind
from storage.records.people import Caller
from storage.records.runs import JobState
from storage.tables import audiences, batches, configurations, jobs, member_counts, members, profiles

DAYS = 14
_COLUMNS_MAX = 6


@dataclass(frozen=True)
class AudienceLine:
    """One line of the list; a text in the rule is masked for callers who may not see raw values.

    sizes: members at the end of each of the last DAYS days (UTC), today last. entered, left: today.
    sent_to: the names of the configurations. is_live: one of them is active.
    """

    audience: Audience
    members: int
    sizes: tuple[int, ...]
    entered: int
    left: int
    sent_to: tuple[str, ...]
    is_live: bool
    is_recomputing: bool


@dataclass(frozen=True)
class AudienceList:
    """The list page. has_properties: there is something to write a rule about. may_edit: the caller can change."""

    lines: tuple[AudienceLine, ...]
    has_properties: bool
    may_edit: bool

    @property
    def is_going(self) -> bool:
        """Whether some audience is being recomputed, so that the list is worth reading again soon."""
        return any(line.is_recomputing for line in self.lines)


@dataclass(frozen=True)
class Link:
    """An audience's open link to a configuration.

    identified: members with a value to tell them by. told: how many the partner was told to have, signals on their
    way included; there: without those. waiting: messages of the configuration without a final answer yet, held
    ones too.
    """

    activation: Activation
    configuration: Configuration
    partner_short_name: str
    signals: tuple[SignalKind, ...]
    identifier: IdentifierForm
    identified: int
    told: int
    there: int
    waiting: int


@dataclass(frozen=True)
class AudiencePage:
    """One audience, or a new one (None); its rule is masked as in the list.

    problem: why it is not brought up to date, one sentence, or None.
    """

    audience: Audience | None
    members: int
    links: tuple[Link, ...]
    properties: tuple[Property, ...]
    is_recomputing: bool
    problem: str | None
    may_edit: bool

    @property
    def is_live(self) -> bool:
        """Whether it is sent somewhere now."""
        return any(link.configuration.state is ConfigurationState.ACTIVE for link in self.links)

    @property
    def going(self) -> tuple[bool, int]:
        """What changes while one looks: whether it is recomputed, and how many messages wait that may go."""
        return self.is_recomputing, _on_their_way(self.links)


@dataclass(frozen=True)
class Preview:
    """What a rule would come to if it were saved now.

    read_as: the rule as it was understood; None, with a problem in one sentence, where it was not.
    columns: the properties of the sample, that of the rule first; rows: (profile id, values in their order).
    Both are empty for callers who do not see profiles.
    """

    problem: str | None
    read_as: str | None = None
    members: int = 0
    enter: int = 0
    leave: int = 0
    columns: tuple[Property, ...] = ()
    rows: tuple[tuple[int, tuple[Held, ...]], ...] = ()


@dataclass(frozen=True)
class Choice:
    """A configuration that takes no audience yet, and the identifier that it sends."""

    configuration: Configuration
    partner_short_name: str
    identifier: IdentifierForm


@dataclass(frozen=True)
class Linkable:
    """What an audience can be linked to. taken: configurations that take one already.

    properties: each with how many of the members have a value.
    """

    members: int
    choices: tuple[Choice, ...]
    taken: int
    properties: tuple[tuple[Property, int], ...]


def listed(desk: Desk, caller: Caller) -> AudienceList:
    """Return all audiences by name.

    Raises:
        NotAllowed: The caller's role does not see audiences.
    """
    audit.allow(desk.database, caller, Right.SEE_AUDIENCES, What("audiences"))
    now = clock.now()
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    with desk.database.read() as cursor:
        known = profiles.properties(cursor)
        inside = member_counts.by_audience(cursor)
        changes = member_counts.changes_since(cursor, first)
        accounts = {item.configuration_id: item for item in configurations.listed(cursor)}
        lines = []
        for audience in audiences.listed(cursor):
            audience_id = audience.audience_id
            size, moves = inside.get(audience_id, 0), changes.get(audience_id, [])
            entered, left = sizes.moved(moves, now.date())
            linked = [
                accounts[activation.configuration_id]
                for activation in audiences.activations_of_audience(cursor, audience_id)
                if activation.configuration_id in accounts
            ]
            lines.append(
                AudienceLine(
                    audience=_shown(caller, audience, known),
                    members=size,
                    sizes=sizes.by_day(moves, size, now.date(), DAYS),
                    entered=entered,
                    left=left,
                    sent_to=tuple(item.name for item in linked),
                    is_live=any(item.state is ConfigurationState.ACTIVE for item in linked),
                    is_recomputing=_is_recomputing(cursor, audience_id),
                )
            )
    return AudienceList(tuple(lines), bool(known), roles.may(caller.role, Right.EDIT_AUDIENCES))


def page(desk: Desk, caller: Caller, audience_id: str | None) -> AudiencePage:
    """Return one audience with its links; None as id for the page of a new one.

    Raises:
        NotAllowed: The caller's role does not see audiences, or may not make one.
        GiveUp: It is not there.
    """
    right = Right.SEE_AUDIENCES if audience_id else Right.EDIT_AUDIENCES
    audit.allow(desk.database, caller, right, What("audience", audience_id or ""))
    may_edit = roles.may(caller.role, Right.EDIT_AUDIENCES)
    with desk.database.read() as cursor:
        known = profiles.properties(cursor)
        if not audience_id:
            return AudiencePage(
                None, 0, (), tuple(known.values()), is_recomputing=False, problem=None, may_edit=may_edit
            )
        audience = audiences.by_id(cursor, audience_id)
        if audience is None:
            raise errors.GiveUp("This audience is not there any more; go back to the list.")
        return AudiencePage(
            audience=_shown(caller, audience, known),
            members=members.count(cursor, audience_id),
            links=tuple(
                _link(cursor, activation, configuration) for activation, configuration in _accounts(cursor, audience_id)
            ),
            properties=tuple(known.values()),
            is_recomputing=_is_recomputing(cursor, audience_id),
            problem=_problem(cursor, audience, known),
            may_edit=may_edit,
        )


def going(desk: Desk, caller: Caller, audience_id: str) -> tuple[bool, int]:
    """Return what `AudiencePage.going` is now; cheap enough to be asked every second.

    Raises:
        NotAllowed: The caller's role does not see audiences.
    """
    audit.allow(desk.database, caller, Right.SEE_AUDIENCES, What("audience", audience_id))
    with desk.database.read() as cursor:
        waiting = sum(
            batches.waiting(cursor, configuration.configuration_id)
            for _, configuration in _accounts(cursor, audience_id)
            if configuration.state is ConfigurationState.ACTIVE
        )
        return _is_recomputing(cursor, audience_id), waiting


def preview(desk: Desk, caller: Caller, audience_id: str | None, rule: str) -> Preview:
    """Return what a rule would come to, saved or not: counts and a sample, or why it cannot be read.

    Raises:
        NotAllowed: The caller's role does not change audiences; counts of any rule would tell single values.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("audience", audience_id or ""))
    with desk.database.read() as cursor:
        known = profiles.properties(cursor)
        try:
            condition = rules.parse(rule, known)
        except errors.BadInput as error:
            return Preview(str(error))
        inside, enter, leave = member_counts.would_change(cursor, audience_id or "", condition)
        columns, rows = _sample(cursor, caller, condition, list(known.values()))
    return Preview(None, rules.say(condition), inside, enter, leave, columns, rows)


def linkable(desk: Desk, caller: Caller, audience_id: str) -> Linkable:
    """Return the configurations that take no audience yet, and by which properties members can be told.

    Raises:
        NotAllowed: The caller's role does not change audiences.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("audience", audience_id))
    with desk.database.read() as cursor:
        taken = {activation.configuration_id for activation in audiences.open_activations(cursor)}
        accounts = configurations.listed(cursor)
        choices = []
        for configuration in accounts:
            if configuration.configuration_id not in taken:
                manifest = catalog.manifest_of(configuration.partner)
                form = partner_settings.identifier_form(manifest, configuration.settings)
                choices.append(Choice(configuration, manifest.short_name, form))
        known = list(profiles.properties(cursor).values())
        filled = member_counts.filled(cursor, audience_id, [item.name for item in known])
        # Unique ones first: they tell people apart.
        ordered = sorted(known, key=lambda item: not item.is_unique)
        return Linkable(
            members=members.count(cursor, audience_id),
            choices=tuple(choices),
            taken=len(accounts) - len(choices),
            properties=tuple((item, filled.get(item.name, 0)) for item in ordered),
        )


def parts(rule: str, properties: Sequence[Property]) -> tuple[str, Operator, str] | None:
    """Return a rule's property, operator and value as people enter them, or None where it cannot be read; pure."""
    try:
        condition = rules.parse(rule, _by_name(properties))
    except errors.BadInput:
        return None
    return condition.property, condition.operator, rules.say_value(condition)


def written(name: str, operator: Operator, value: str, properties: Sequence[Property]) -> str:
    """Return the rule's text from its three parts; pure."""
    return rules.write(name, operator, value, _by_name(properties))


def _by_name(properties: Sequence[Property]) -> dict[str, Property]:
    return {item.name.lower(): item for item in properties}


def _accounts(cursor: Cursor, audience_id: str) -> list[tuple[Activation, Configuration]]:
    found = []
    for activation in audiences.activations_of_audience(cursor, audience_id):
        configuration = configurations.by_id(cursor, activation.configuration_id)
        if configuration is not None:
            found.append((activation, configuration))
    return found


def _link(cursor: Cursor, activation: Activation, configuration: Configuration) -> Link:
    manifest = catalog.manifest_of(configuration.partner)
    form = partner_settings.identifier_form(manifest, configuration.settings)
    return Link(
        activation=activation,
        configuration=configuration,
        partner_short_name=manifest.short_name,
        signals=manifest.kinds,
        identifier=form,
        identified=member_counts.with_identifier(cursor, activation.audience_id, activation.property, form),
        told=members.count_told(cursor, activation.activation_id),
        there=member_counts.at_partner(cursor, activation.activation_id),
        waiting=batches.waiting(cursor, configuration.configuration_id),
    )


def _on_their_way(links: Sequence[Link]) -> int:
    return sum(link.waiting for link in links if link.configuration.state is ConfigurationState.ACTIVE)


def _is_recomputing(cursor: Cursor, audience_id: str) -> bool:
    return jobs.open_with_key(cursor, queue.recompute_key(audience_id)) is not None


def _shown(caller: Caller, audience: Audience, known: Mapping[str, Property]) -> Audience:
    """Return an audience as a caller may see it: a text that its rule compares with may be personal."""
    if roles.may(caller.role, Right.SEE_RAW_VALUES):
        return audience
    try:
        condition = rules.parse(audience.rule, known)
    except errors.BadInput:
        return replace(audience, rule=masking.ELLIPSIS)
    if not isinstance(condition.value, str):
        return audience
    return replace(audience, rule=rules.say(replace(condition, value=masking.mask(condition.value))))


def _problem(cursor: Cursor, audience: Audience, known: Mapping[str, Property]) -> str | None:
    try:
        rules.parse(audience.rule, known)
    except errors.BadInput as error:
        return f"Not brought up to date: {error}"
    last = jobs.newest_with_key(cursor, queue.recompute_key(audience.audience_id))
    return f"Not brought up to date: {last.error}" if last and last.state is JobState.FAILED and last.error else None


def _sample(
    cursor: Cursor, caller: Caller, condition: Condition, known: list[Property]
) -> tuple[tuple[Property, ...], tuple[tuple[int, tuple[Held, ...]], ...]]:
    if not roles.may(caller.role, Right.SEE_PROFILES):
        return (), ()
    columns = sorted(known, key=lambda item: (item.name != condition.property, not item.is_unique))[:_COLUMNS_MAX]
    names = [item.name for item in columns]
    ids = members.sample(cursor, condition, limits.SAMPLE_ROWS)
    values = profiles.rows_of(cursor, ids, names)
    is_masked = not roles.may(caller.role, Right.SEE_RAW_VALUES)
    rows = tuple(
        (
            profile_id,
            tuple(profile_views.held(item, values[profile_id][item.name], is_masked=is_masked) for item in columns),
        )
        for profile_id in ids
        if profile_id in values
    )
    return tuple(columns), rows
