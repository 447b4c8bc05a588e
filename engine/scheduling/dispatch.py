"""The dispatcher: one thread whose loop claims batches that are due and calls partners, several side by side.

A slow partner holds only its own configuration's calls (requirement G15); what it waits for is no job thread's time.
"""

import asyncio
import threading

from engine.base import ids, limits, log
from engine.flows import send_signals
from engine.flows.desk import Desk
from engine.partners.http import Client
from storage.records.deliveries import Claim


class Dispatcher:
    """Sends what is due until it is stopped."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing is sent yet."""
        self._desk = desk
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dispatch", daemon=True)

    def start(self) -> None:
        """Free what an earlier process had on the wire, then begin."""
        send_signals.take_back(self._desk)
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing more, let calls on the wire finish, and end; the next start takes up what did not end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=limits.STOP_WAIT_S_MAX)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(_send(self._desk, self._stopping, ends_when_idle=False))
            except Exception as error:  # noqa: BLE001 - the edge of a thread: it begins again
                log.logger(__name__).error("the dispatcher stumbled: %s", log.where(error))
                self._stopping.wait(limits.ENGINE_TICK_S)


def send_due(desk: Desk) -> None:
    """Send all that is due now, for a process that runs no service; what has to wait for a later try is left."""
    asyncio.run(_send(desk, threading.Event(), ends_when_idle=True))


async def _send(desk: Desk, stopping: threading.Event, *, ends_when_idle: bool) -> None:
    owner = ids.ulid()
    going: dict[str, asyncio.Task[None]] = {}
    async with Client() as client:
        while not stopping.is_set():
            taken = await asyncio.to_thread(send_signals.claim, desk, owner, frozenset(going))
            for claim in taken:
                going[claim.batch.batch_id] = asyncio.create_task(_deliver(desk, client, claim))
            if not going and not taken and ends_when_idle:
                return
            await _wait(list(going.values()))
            for batch_id in [batch_id for batch_id, task in going.items() if task.done()]:
                going.pop(batch_id).result()
        if going:
            await asyncio.wait(list(going.values()))


async def _wait(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the next answer, or a moment, for something new may be due."""
    if tasks:
        await asyncio.wait(tasks, timeout=limits.ENGINE_TICK_S, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(limits.ENGINE_TICK_S)


async def _deliver(desk: Desk, client: Client, claim: Claim) -> None:
    """Call for one batch and write the end; a fault of ours leaves it to be taken up again, with a line in the log."""
    try:
        _, call, deadline_s = await asyncio.to_thread(send_signals.prepare, desk, claim)
        answer = await send_signals.make_call(client, call, deadline_s)
        await asyncio.to_thread(send_signals.settle, desk, claim, answer)
    except Exception as error:  # noqa: BLE001 - the edge of one call: the others go on
        log.logger(__name__).error("batch %s could not be sent: %s", claim.batch.batch_id, log.where(error))
        # Claimed again when its lease is over; without this pause a full disk would make a busy loop.
        await asyncio.sleep(min(limits.CALL_LEASE_S, limits.RETRY_WAITS_S[0]))
