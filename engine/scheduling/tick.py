"""The ticker: APScheduler calls us each second, and what is due stands in our table (requirement Y14).

APScheduler only ticks, because its own stores would keep a second truth and its defaults drop late jobs.
"""

import logging

from apscheduler.schedulers.background import BackgroundScheduler

from engine.base import clock, log
from engine.flows import answering, pulse, queue
from engine.flows.desk import Desk
from engine.scheduling import plan
from storage.records.connections import ConnectionState
from storage.tables import connections, due, jobs

_TICK_S = 1
_STARTED_BY = "schedule"


class Ticker:
    """Starts what is due, once each, until it is stopped."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing ticks yet."""
        self._desk = desk
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Begin to tick in a thread of its own."""
        self._scheduler.add_job(
            tick,
            "interval",
            args=[self._desk],
            seconds=_TICK_S,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        # On a busy machine a tick can last into the next one, which is then left out: nothing to warn of.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler.start()

    def stop(self) -> None:
        """End after the tick that is going."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def tick(desk: Desk) -> None:
    """Start what is due; whatever goes wrong is in the log, and the next tick tries again."""
    pulse.beat(pulse.SCHEDULER)
    try:
        start_due(desk)
        answering.due(desk)
    except Exception as error:  # noqa: BLE001 - the edge of a thread: APScheduler would print the error's own words
        log.logger(__name__).error("a tick stumbled: %s", log.where(error))


def start_due(desk: Desk) -> list[str]:
    """Queue a run for each connection that is due, and move its due time on; return the run ids.

    A connection whose last run still goes or waits is not queued again: the next beat looks again (Y10).
    """
    now = clock.now()
    started = []
    with desk.database.read() as cursor:
        waiting = due.ready(cursor, now)
    for connection_id, expected in waiting:
        with desk.database.write("ctl") as cursor:
            connection = connections.by_id(cursor, connection_id)
            if connection is None or connection.state is ConnectionState.OFF or connection.every_minutes is None:
                due.set_next(cursor, connection_id, None)
                continue
            following = plan.next_due(expected, connection.every_minutes, now)
            if not due.claim(cursor, connection_id, expected, following, now):
                continue
            if connection.state is ConnectionState.PAUSED:
                # The beat goes on, for a run by hand that goes well ends the pause.
                continue
            if jobs.open_with_key(cursor, queue.run_key(connection_id)) is not None:
                log.logger(__name__).info("%s is still running; this beat is left out", connection.name)
                continue
            started.append(queue.add_run(cursor, connection_id, _STARTED_BY))
    return started
