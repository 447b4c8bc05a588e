"""What the list of connectors, the catalog and one configuration's page show; nothing here holds a secret."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.base import clock, errors
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.partners import catalog as manifests
from engine.partners import settings as partner_settings
from engine.partners.manifest import Manifest
from engine.security import audit, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.deliveries import ERRORS, DayCount, DeliveryCategory
from storage.records.partners import Configuration, SettingField, SignalKind
from storage.records.people import Caller
from storage.records.runs import Job
from storage.tables import audiences, batches, configurations, deliveries, jobs, member_counts, members, profiles
from storage.tables import audit as audit_rows

_VARIABLES, _MODIFY = "variables", "modify"
SIGNALS = (SignalKind.ADD.value, SignalKind.REMOVE.value, _VARIABLES, _MODIFY)
"""What a connector may be able to do, in the order in which it is shown."""


@dataclass(frozen=True)
class Partner:
    """One partner of the catalog. can: those of SIGNALS that it does; configured: accounts set up there."""

    partner: str
    name: str
    short_name: str
    category: str
    summary: str
    can: tuple[str, ...]
    reports_codes: bool
    configured: int
    preconditions: tuple[str, ...]
    documentation: str
    error_reference: str
    fields: tuple[SettingField, ...]


@dataclass(frozen=True)
class Use:
    """An audience that is linked to a configuration.

    property: the profile property that tells the partner who it is, of which `have_it` of all `profiles` have a
    value; word: what the partner calls it. at_partner: who was sent there and not removed, what waits left out.
    """

    audience_id: str
    name: str
    members: int
    at_partner: int
    property: str
    word: str
    have_it: int
    profiles: int


@dataclass(frozen=True)
class Counts:
    """Messages of some days (UTC, today included); waiting is now, held ones included."""

    sent: int
    removed: int
    errors: int
    waiting: int

    @property
    def error_rate(self) -> float:
        """Errors of all that were answered, from 0 to 1; 0 where nothing was."""
        answered = self.sent + self.removed + self.errors
        return self.errors / answered if answered else 0.0


@dataclass(frozen=True)
class ConnectorLine:
    """One line of the list. used_by: names of audiences."""

    configuration: Configuration
    partner: Partner
    used_by: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True)
class ConnectorList:
    """The list page, by name; counts are of the last `days`."""

    lines: tuple[ConnectorLine, ...]
    days: int
    may_edit: bool
    may_switch: bool


@dataclass(frozen=True)
class Catalog:
    """The partners that accounts can be set up at, by name; and the names that accounts have already."""

    partners: tuple[Partner, ...]
    may_edit: bool


@dataclass(frozen=True)
class ConnectorPage:
    """One configuration, or a new one where it is None.

    values: the form's entries with their defaults, secrets left out. secrets_set_at: by field, when each stored
    secret was entered (UTC). counts: of the last `days`. now is UTC.
    """

    configuration: Configuration | None
    partner: Partner
    values: dict[str, str]
    secrets_set_at: dict[str, datetime]
    uses: tuple[Use, ...]
    counts: Counts
    days: int
    now: datetime
    may_edit: bool
    may_switch: bool


def listed(desk: Desk, caller: Caller, days: int) -> ConnectorList:
    """Return the configured accounts with what they sent in the last days.

    Raises:
        NotAllowed: The caller's role does not see connectors.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTORS, What("configurations"))
    with desk.database.read() as cursor:
        found = configurations.listed(cursor)
        waiting = batches.waiting_by_configuration(cursor)
        counted: dict[str, list[DayCount]] = {}
        for item in deliveries.day_counts(cursor, *_span(days)):
            counted.setdefault(item.configuration_id, []).append(item)
        named = {item.audience_id: item.name for item in audiences.listed(cursor)}
        users: dict[str, list[str]] = {}
        for activation in audiences.open_activations(cursor):
            users.setdefault(activation.configuration_id, []).append(named.get(activation.audience_id, ""))
    partners = _partners(found)
    lines = tuple(
        ConnectorLine(
            item,
            partners[item.partner],
            tuple(sorted(users.get(item.configuration_id, []), key=str.casefold)),
            _counts(counted.get(item.configuration_id, []), waiting.get(item.configuration_id, 0)),
        )
        for item in found
    )
    return ConnectorList(
        lines, days, roles.may(caller.role, Right.EDIT_CONNECTORS), roles.may(caller.role, Right.SWITCH_CONNECTORS)
    )


def catalog(desk: Desk, caller: Caller) -> Catalog:
    """Return the partners that an account can be set up at.

    Raises:
        NotAllowed: The caller's role does not see connectors.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTORS, What("catalog"))
    with desk.database.read() as cursor:
        found = configurations.listed(cursor)
    partners = sorted(_partners(found).values(), key=lambda item: item.name.casefold())
    return Catalog(tuple(partners), roles.may(caller.role, Right.EDIT_CONNECTORS))


def new_page(desk: Desk, caller: Caller, partner: str) -> ConnectorPage:
    """Return the empty form of a partner.

    Raises:
        NotAllowed: The caller's role does not change connectors.
        GiveUp: There is no such partner.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTORS, What("catalog", partner))
    manifest = manifests.manifest_of(partner)
    return ConnectorPage(
        configuration=None,
        partner=_partner(manifest, 0),
        values=_values(manifest, {}),
        secrets_set_at={},
        uses=(),
        counts=Counts(0, 0, 0, 0),
        days=0,
        now=clock.now(),
        may_edit=True,
        may_switch=True,
    )


def page(desk: Desk, caller: Caller, configuration_id: str, days: int) -> ConnectorPage:
    """Return one configuration with whom it serves and what it sent in the last days.

    Raises:
        NotAllowed: The caller's role does not see connectors.
        GiveUp: It is not there.
    """
    audit.allow(desk.database, caller, Right.SEE_CONNECTORS, What("configuration", configuration_id))
    with desk.database.read() as cursor:
        configuration = configurations.by_id(cursor, configuration_id)
        if configuration is None:
            raise errors.GiveUp("This configuration is not there any more; go back to the list.")
        manifest = manifests.manifest_of(configuration.partner)
        counted = deliveries.day_counts(cursor, *_span(days), configuration_id)
        return ConnectorPage(
            configuration=configuration,
            partner=_partner(manifest, 1),
            values=_values(manifest, configuration.settings),
            secrets_set_at=_set_at(desk, cursor, configuration),
            uses=_uses(cursor, manifest, configuration),
            counts=_counts(counted, batches.waiting(cursor, configuration_id)),
            days=days,
            now=clock.now(),
            may_edit=roles.may(caller.role, Right.EDIT_CONNECTORS),
            may_switch=roles.may(caller.role, Right.SWITCH_CONNECTORS),
        )


def test_state(desk: Desk, caller: Caller, job_id: str) -> Job:
    """Return where the test of some settings stands.

    Raises:
        NotAllowed: The caller's role does not change connectors.
        GiveUp: It is not there.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTORS, What("question", job_id))
    with desk.database.read() as cursor:
        job = jobs.by_id(cursor, job_id)
    if job is None:
        raise errors.GiveUp("This test is not there any more; test again.")
    return job


def _span(days: int) -> tuple[date, date]:
    today = clock.now().date()
    return today - timedelta(days=max(days, 1) - 1), today


def _counts(counted: list[DayCount], waiting: int) -> Counts:
    def total(*wanted: DeliveryCategory) -> int:
        return sum(item.count for item in counted if item.category in wanted)

    return Counts(total(DeliveryCategory.SENT), total(DeliveryCategory.REMOVED), total(*ERRORS), waiting)


def _partners(found: list[Configuration]) -> dict[str, Partner]:
    counted: dict[str, int] = {}
    for item in found:
        counted[item.partner] = counted.get(item.partner, 0) + 1
    return {name: _partner(manifest, counted.get(name, 0)) for name, manifest in manifests.catalog().items()}


def _partner(manifest: Manifest, configured: int) -> Partner:
    does = {*(kind.value for kind in manifest.kinds)}
    does |= {_VARIABLES} if manifest.has_variables else set()
    does |= {_MODIFY} if manifest.has_modify else set()
    return Partner(
        partner=manifest.partner,
        name=manifest.name,
        short_name=manifest.short_name,
        category=manifest.category,
        summary=manifest.summary,
        can=tuple(word for word in SIGNALS if word in does),
        reports_codes=manifest.reports_codes,
        configured=configured,
        preconditions=manifest.preconditions,
        documentation=manifest.documentation,
        error_reference=manifest.error_reference,
        fields=manifest.fields,
    )


def _values(manifest: Manifest, settings: dict[str, str]) -> dict[str, str]:
    return {item.name: settings.get(item.name, item.default) for item in manifest.fields if item.kind != "secret"}


def _set_at(desk: Desk, cursor: Cursor, configuration: Configuration) -> dict[str, datetime]:
    """Return when each secret that is stored was entered; only the names of what was opened are looked at."""
    configuration_id = configuration.configuration_id
    stored = sealing.of_configuration(desk, cursor, configuration_id)
    found = {name: audit_rows.last_set(cursor, "configuration", configuration_id, name) for name in stored}
    return {name: moment or configuration.created_at for name, moment in found.items()}


def _uses(cursor: Cursor, manifest: Manifest, configuration: Configuration) -> tuple[Use, ...]:
    form = partner_settings.identifier_form(manifest, configuration.settings)
    found = []
    for activation in audiences.activations_of_configuration(cursor, configuration.configuration_id):
        audience = audiences.by_id(cursor, activation.audience_id)
        if audience is not None:
            found.append(
                Use(
                    audience_id=audience.audience_id,
                    name=audience.name,
                    members=members.count(cursor, audience.audience_id),
                    at_partner=member_counts.at_partner(cursor, activation.activation_id),
                    property=activation.property,
                    word=form.label,
                    have_it=profiles.filled(cursor, [activation.property]).get(activation.property, 0),
                    profiles=profiles.count(cursor),
                )
            )
    return tuple(found)
