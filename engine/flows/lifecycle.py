"""Deactivates and activates configurations: what waits is held, and at activation the net difference goes instead.

The help article: a connector can be deactivated while it is in use; it stops quickly, queued messages included
(requirements L01, L02, rulings 8 and 13).
"""

from engine.base import clock, errors
from engine.flows import queue
from engine.flows.desk import Desk
from storage.database import Cursor
from storage.records.deliveries import DeliveryCategory
from storage.records.partners import Configuration, ConfigurationState
from storage.tables import audiences, batches, configurations, deliveries, members


def deactivate(cursor: Cursor, configuration: Configuration) -> int:
    """Send nothing more after the caller's ctl transaction but what is on the wire; return how many are held."""
    configurations.set_state(cursor, configuration.configuration_id, ConfigurationState.DEACTIVATED, None, clock.now())
    for wave in batches.unmade(cursor):
        batches.make(cursor, wave)
    return batches.hold(cursor, configuration.configuration_id)


def activate(desk: Desk, configuration_id: str, by: str) -> None:
    """Send again: what was held is taken back, and a recompute finds the net difference; harmless when done twice.

    After a stop for credentials the messages that failed for them go again too, once the recompute is done.

    Args:
        desk: The open home.
        configuration_id: Which one; where it is active nothing happens.
        by: Who asked.

    Raises:
        GiveUp: It is not there any more.
    """
    while not _is_activated(desk, configuration_id, by, _take_back(desk, configuration_id)):
        pass


def _take_back(desk: Desk, configuration_id: str) -> frozenset[str]:
    """Undo what the held batches would have told; return them. Only their own marker says that it is done."""
    with desk.database.write("dat"):
        # Passed once every recompute has ended that may have seen the configuration active.
        pass
    with desk.database.write("ctl") as cursor:
        for wave in batches.unmade(cursor):
            batches.make(cursor, wave)
    with desk.database.write("dat") as cursor:
        held = batches.held(cursor, configuration_id)
        members.take_back(cursor, held)
    return frozenset(batch.batch_id for batch in held)


def _is_activated(desk: Desk, configuration_id: str, by: str, taken: frozenset[str]) -> bool:
    """Activate where all that is held was taken back; a call that ends now may have added to it."""
    with desk.database.write("ctl") as cursor:
        configuration = configurations.by_id(cursor, configuration_id)
        if configuration is None:
            raise errors.GiveUp("This configuration is not there any more; go back to the list.")
        if configuration.state is ConfigurationState.ACTIVE:
            return True
        held = batches.held(cursor, configuration_id)
        if not taken.issuperset(batch.batch_id for batch in held):
            return False
        batches.supersede(cursor, [batch.batch_id for batch in held], clock.now())
        configurations.set_state(cursor, configuration_id, ConfigurationState.ACTIVE, None, clock.now())
        for audience_id in _audiences_owed(cursor, configuration_id):
            queue.add_recompute(cursor, audience_id, by)
        if deliveries.failures(
            cursor,
            configuration_id=configuration_id,
            category=DeliveryCategory.INVALID_CREDENTIALS,
            only_open=True,
        ):
            queue.add_resend(cursor, configuration_id, by)
    return True


def _audiences_owed(cursor: Cursor, configuration_id: str) -> list[str]:
    """Return the audience linked to a configuration, and those whose ended link has removes to send."""
    linked = audiences.activations_of_configuration(cursor, configuration_id, with_ended=True)
    return sorted(
        {
            activation.audience_id
            for activation in linked
            if activation.ended_at is None or members.has_told(cursor, activation.activation_id)
        }
    )
