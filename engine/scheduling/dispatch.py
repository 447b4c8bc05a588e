"""The dispatcher: one thread whose loop claims batches that are due and calls partners, several side by side.

A slow partner holds only its own configuration's calls (requirement G15); what it waits for is no job thread's time.
"""

import asyncio
import threading

from engine.base import clock, ids, limits, log
from engine.base.errors import HandoffError
from engine.flows import send_signals
from engine.flows.desk import Desk
from engine.partners.http import Client
from storage.database import StorageFault
from storage.records.deliveries import Answer, Claim


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
                asyncio.run(_Sending(self._desk, self._stopping).send(ends_when_idle=False))
            except Exception as error:  # noqa: BLE001 - the edge of a thread: it begins again
                log.logger(__name__).error("the dispatcher stumbled: %s", log.where(error))
                self._stopping.wait(limits.ENGINE_TICK_S)


def send_due(desk: Desk) -> None:
    """Send all that is due now, for a process that runs no service; what has to wait for a later try is left."""
    asyncio.run(_Sending(desk, threading.Event()).send(ends_when_idle=True))


class _Sending:
    """The calls of one loop, by the batches that they are for."""

    def __init__(self, desk: Desk, stopping: threading.Event) -> None:
        self._desk = desk
        self._stopping = stopping
        self._going: dict[str, asyncio.Task[None]] = {}

    async def send(self, *, ends_when_idle: bool) -> None:
        owner = ids.ulid()
        async with Client() as client:
            while not self._stopping.is_set():
                taken = await asyncio.to_thread(send_signals.claim, self._desk, owner, frozenset(self._going))
                for claim in taken:
                    self._going[claim.batch.batch_id] = asyncio.create_task(self._deliver(client, claim))
                if not self._going and ends_when_idle:
                    return
                await self._wait()
            if self._going:
                await asyncio.wait(self._going.values())

    async def _wait(self) -> None:
        """Wait for the next answer, or a moment, for something new may be due."""
        if self._going:
            tasks = self._going.values()
            await asyncio.wait(tasks, timeout=limits.ENGINE_TICK_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(limits.ENGINE_TICK_S)
        self._going = {batch_id: task for batch_id, task in self._going.items() if not task.done()}

    async def _deliver(self, client: Client, claim: Claim) -> None:
        """Call for one batch and write its end; a fault of ours is an end too, and never the end of the loop."""
        try:
            answer = await self._call(client, claim)
            if answer is not None:
                await self._keep(claim, answer)
        except StorageFault as error:
            # Nothing can be written now. When its lease ends, it is taken up again.
            log.logger(__name__).error("batch %s stays as it is: %s", claim.batch.batch_id, log.where(error))
        except Exception as error:  # noqa: BLE001 - the edge of one call: it becomes a recorded outcome
            await self._give_up(claim, error)

    async def _call(self, client: Client, claim: Claim) -> Answer | None:
        try:
            ready = await asyncio.to_thread(send_signals.prepare, self._desk, claim)
        except HandoffError as error:
            await asyncio.to_thread(send_signals.let_go, self._desk, claim, str(error))
            return None
        if ready is None:
            await asyncio.to_thread(send_signals.let_go, self._desk, claim)
            return None
        return await client.call(*ready)

    async def _keep(self, claim: Claim, answer: Answer) -> None:
        """Write what came of the call; while the disk is full the answer is kept here, so that no call is repeated.

        Raises:
            StorageFault: It could not be written for as long as the batch's lease lasts.
        """
        until_s = clock.monotonic_s() + limits.CALL_LEASE_S
        while True:
            try:
                await asyncio.to_thread(send_signals.settle, self._desk, claim, answer)
            except StorageFault:
                if self._stopping.is_set() or clock.monotonic_s() > until_s:
                    raise
                await asyncio.sleep(limits.RETRY_WAITS_S[0])
            else:
                return

    async def _give_up(self, claim: Claim, error: Exception) -> None:
        trace = ids.trace()
        where = log.where(error)
        log.logger(__name__).error("batch %s failed, trace %s: %s", claim.batch.batch_id, trace, where)
        sentence = f"It stopped on a fault of Handoff; report it with what the log has at trace {trace}."
        try:
            await asyncio.to_thread(send_signals.give_up, self._desk, claim, sentence)
        except Exception as second:  # noqa: BLE001 - the same edge: its lease ends, and it is taken up again
            log.logger(__name__).error("batch %s stays as it is: %s", claim.batch.batch_id, log.where(second))
