"""Sends failed messages again: those of a failure that are still what the partner should be told, as a new wave.

What a replay delivers counts on its own day, and the old day's errors then show as recovered (ruling 16).
"""

from collections.abc import Sequence
from typing import Any

from engine.base import clock, errors, log
from engine.flows import audiences as recomputing
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.partners import catalog
from engine.partners import settings as partner_settings
from storage.database import Cursor
from storage.records.deliveries import DeliveryCategory, Failure, Wave
from storage.records.partners import Configuration, ConfigurationState
from storage.tables import audiences, configurations, deliveries, members


def replay(desk: Desk, failure_ids: Sequence[str], by: str) -> int:
    """Send failures again; what is not current any more is left out, and so is what was sent again before.

    Where the partner did not say whom it refused, the whole batch goes again: the manifest says that this does
    no harm.

    Args:
        desk: The open home.
        failure_ids: Which ones.
        by: Who asked, for the log.

    Returns:
        How many signals will go; 0 where all of it was sent again before, or nothing is current any more.

    Raises:
        GiveUp: A failure is not there any more, or its configuration is not active; nothing is sent then.
    """
    with desk.database.read() as cursor:
        for failure_id in failure_ids:
            _active(cursor, _known(cursor, failure_id))
    signals = sum(_replay(desk, failure_id) for failure_id in failure_ids)
    log.logger(__name__).info("%d failed signals go again, asked for by %s", signals, by)
    return signals


def resend_refused(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Send again what failed because the credentials were refused, after they were mended; a kind of job.

    The audiences are recomputed first, so that nobody who has left meanwhile is sent.

    Args:
        desk: The open home.
        arguments: {"configuration_id"}.
        watch: Of this job.

    Returns:
        {"signals"}: how many will go.
    """
    configuration_id = arguments["configuration_id"]
    with desk.database.read() as cursor:
        linked = audiences.activations_of_configuration(cursor, configuration_id, with_ended=True)
        refused = deliveries.failures(
            cursor,
            configuration_id=configuration_id,
            category=DeliveryCategory.INVALID_CREDENTIALS,
            only_open=True,
        )
    for audience_id in sorted({activation.audience_id for activation in linked}):
        watch.stop_if_cancelled()
        recomputing.recompute(desk, audience_id)
    # Oldest first: the order in which they would have gone.
    return {"signals": replay(desk, [failure.failure_id for failure in reversed(refused)], "activation")}


def _replay(desk: Desk, failure_id: str) -> int:
    """Write the wave of one failure, then mark it: a kill in between leaves a wave that the next replay finds."""
    with desk.database.write("dat") as cursor:
        failure = _known(cursor, failure_id)
        configuration = _active(cursor, failure)
        is_written = failure.is_replayed or members.has_replay(cursor, failure_id)
        written = 0 if is_written else members.write_replay(cursor, _wave(cursor, failure, configuration), failure)
    if written or (is_written and not failure.is_replayed):
        with desk.database.write("ctl") as cursor:
            deliveries.mark_replayed(cursor, failure_id)
    return written


def _wave(cursor: Cursor, failure: Failure, configuration: Configuration) -> Wave:
    manifest = catalog.manifest_of(configuration.partner)
    return Wave(
        wave_id=members.next_wave_id(cursor),
        configuration_id=configuration.configuration_id,
        activation_id=failure.activation_id,
        adds=0,
        removes=0,
        batch_size=partner_settings.batch_size(manifest, configuration.settings),
        failure_id=failure.failure_id,
        made_at=clock.now(),
    )


def _known(cursor: Cursor, failure_id: str) -> Failure:
    failure = deliveries.by_id(cursor, failure_id)
    if failure is None:
        raise errors.GiveUp("This failure is not there any more; go back to the list.")
    return failure


def _active(cursor: Cursor, failure: Failure) -> Configuration:
    configuration = configurations.by_id(cursor, failure.configuration_id, with_deleted=True)
    if configuration is None or configuration.deleted_at is not None:
        raise errors.GiveUp("The configuration of these messages was deleted, so nothing can be sent again.")
    if configuration.state is not ConfigurationState.ACTIVE:
        raise errors.GiveUp(f"{configuration.name} is {configuration.state.value}; activate it, then replay.")
    return configuration
