"""A partner that takes everything and answers after a fixed time; a process of its own, for the dispatch bench.

It prints its port, and ends when its standard input does.
"""

import asyncio
import json
import sys

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Talk(asyncio.Protocol):
    """One connection, kept alive; each request is answered after the same time."""

    def __init__(self, delay_s: float, marker: bytes) -> None:
        """Count people by a marker that stands once in each identifier."""
        self._delay_s = delay_s
        self._marker = marker
        self._read = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what came; answer each request that is whole."""
        self._read += data
        while (head_end := self._read.find(_HEAD_END)) >= 0:
            head = bytes(self._read[:head_end]).lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            whole = head_end + len(_HEAD_END) + length
            if len(self._read) < whole:
                return
            people = self._read.count(self._marker, head_end, whole)
            del self._read[:whole]
            asyncio.get_running_loop().call_later(self._delay_s, self._answer, people)

    def _answer(self, people: int) -> None:
        said = {"audience_id": "123", "num_received": people, "num_invalid_entries": 0, "invalid_entry_samples": {}}
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head.encode() + body)


async def serve(delay_s: float, marker: str) -> None:
    """Listen on a free port of this machine until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Talk(delay_s, marker.encode()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2]))
