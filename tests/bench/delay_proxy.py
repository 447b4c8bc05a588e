"""A TCP proxy that lets every byte wait for a time in each direction, as a long line does; a process of its own.

netem would do it in the kernel, but not every kernel has it. It prints its port, and ends when its standard input
does. The line is as wide as the machine is fast: only the time is added.
"""

import asyncio
import collections
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_CHUNK_BYTES = 256 * 1024


@contextmanager
def delayed(port: int, round_trip_ms: float) -> Iterator[int]:
    """Start the proxy before a server of this machine and give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.delay_proxy", str(port), str(round_trip_ms / 2_000)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=10)


class _Side(asyncio.Protocol):
    """One end; what it reads goes to the other end when its time has come."""

    def __init__(self, delay_s: float) -> None:
        self.other: _Side | None = None
        self.transport: asyncio.Transport | None = None
        self._delay_s = delay_s
        self._waiting: collections.deque[tuple[float, bytes | None]] = collections.deque()
        self._is_armed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.max_size = _CHUNK_BYTES  # type: ignore[attr-defined]  # what one read takes at most
        transport.set_write_buffer_limits(high=2**30)

    def data_received(self, data: bytes) -> None:
        self._pass_on(data)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._pass_on(None)

    def _pass_on(self, data: bytes | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time() + self._delay_s, data))
        self._arm(loop)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._is_armed:
            self._is_armed = True
            loop.call_at(self._waiting[0][0], self._flush, loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_armed = False
        now_s = loop.time()
        while self._waiting and self._waiting[0][0] <= now_s:
            data = self._waiting.popleft()[1]
            if self.other is None or self.other.transport is None or self.other.transport.is_closing():
                continue
            if data is None:
                self.other.transport.close()
            else:
                self.other.transport.write(data)
        self._arm(loop)


async def serve(port: int, delay_s: float) -> None:
    """Listen on a free port of this machine until standard input ends."""
    loop = asyncio.get_running_loop()
    joining: set[asyncio.Task[None]] = set()

    class Door(_Side):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert self.transport is not None
            self.transport.pause_reading()
            task = loop.create_task(self._join())
            joining.add(task)
            task.add_done_callback(joining.discard)

        async def _join(self) -> None:
            _, inner = await loop.create_connection(lambda: _Side(delay_s), "127.0.0.1", port)
            self.other, inner.other = inner, self
            assert self.transport is not None
            self.transport.resume_reading()

    server = await loop.create_server(lambda: Door(delay_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
