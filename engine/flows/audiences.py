"""Recomputes audiences: who is in now, and the signals that follow, in the one transaction that changes membership.

Reads like the help article on signals: a profile enters an audience, so each linked active connector gets an add;
it no longer qualifies, so they get a remove (requirements G02, G03, G07).
"""

from typing import Any

from engine.audiences import rule
from engine.base import clock, errors, log
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.partners import catalog
from engine.partners import settings as partner_settings
from storage.database import Cursor
from storage.records.audiences import Activation, Difference
from storage.records.deliveries import Target
from storage.records.partners import ConfigurationState
from storage.tables import audiences, configurations, members, profiles


def recompute_audience(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Recompute one audience; a kind of job.

    Args:
        desk: The open home.
        arguments: {"audience_id"}.
        watch: Of this job.

    Returns:
        {"members", "entered", "left", "adds", "removes"}; all zero where the audience is gone.
    """
    watch.stop_if_cancelled()
    found = recompute(desk, arguments["audience_id"])
    return {name: getattr(found, name) for name in Difference.__dataclass_fields__}


def recompute_all(desk: Desk, revision: int | None = None) -> list[tuple[str, Difference]]:
    """Bring every audience to what a run changed, by name: only the profiles that it touched are looked at.

    Whatever else changes an audience (its rule, a link, a run that broke off) queues a recompute over all profiles.
    One whose rule cannot be read any more, or whose partner is not known any more, keeps its members, and the log
    says so.
    """
    with desk.database.read() as cursor:
        found = audiences.listed(cursor)
    done = []
    for audience in found:
        try:
            done.append((audience.name, recompute(desk, audience.audience_id, revision)))
        except errors.HandoffError as error:
            log.logger(__name__).error("audience %s stays as it is: %s", audience.audience_id, log.where(error))
    return done


def recompute(desk: Desk, audience_id: str, revision: int | None = None) -> Difference:
    """Bring one audience's members and what partners are owed to what its rule says now.

    Args:
        desk: The open home.
        audience_id: Which one; one that is gone is emptied.
        revision: Look only at the profiles that this run touched; None looks at all.

    Raises:
        BadInput: Its rule cannot be read: a property is not there any more.
    """
    # Settings are read inside the turn of the writer: what an activation says is then what the signals follow.
    with desk.database.write("dat") as cursor:
        audience = audiences.by_id(cursor, audience_id)
        condition = rule.parse(audience.rule, profiles.properties(cursor)) if audience else None
        targets = _targets(cursor, audience_id)
        if revision is not None:
            # A link's first difference is over all profiles; its own recompute is on its way.
            targets = [item for item in targets if members.has_begun(cursor, item.activation.activation_id)]
        found = members.recompute(cursor, audience_id, condition, targets, clock.now(), revision)
        if audience is None:
            members.forget(cursor, audience_id)
    return found


def _targets(cursor: Cursor, audience_id: str) -> list[Target]:
    """Return whom the difference goes to: active configurations, and ended links with something left to take back.

    A deactivated one is left out: when it is activated, the net difference goes (ruling 8). A link that leaves out
    the members of its beginning is begun there too, for whoever enters from then on counts as new.
    """
    found = []
    for activation in audiences.activations_of_audience(cursor, audience_id, with_ended=True):
        configuration = configurations.by_id(cursor, activation.configuration_id)
        if configuration is None:
            continue
        is_active = configuration.state is ConfigurationState.ACTIVE
        if not (is_active or _is_dropped(activation) or _begins_in_silence(cursor, activation)):
            continue
        if activation.ended_at is not None and not members.has_told(cursor, activation.activation_id):
            continue
        manifest = catalog.manifest_of(configuration.partner)
        found.append(
            Target(
                activation,
                partner_settings.identifier_form(manifest, configuration.settings),
                partner_settings.batch_size(manifest, configuration.settings),
            )
        )
    return found


def _is_dropped(activation: Activation) -> bool:
    return activation.ended_at is not None and not activation.sends_removes


def _begins_in_silence(cursor: Cursor, activation: Activation) -> bool:
    is_open = activation.ended_at is None
    return is_open and not activation.sends_current and not members.has_begun(cursor, activation.activation_id)
