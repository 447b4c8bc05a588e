"""What goes back over the wire, as it should or as a fault has it: late, drop by drop, cut off, or in HTML."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from engine.partners.simulator.faults import Fault

_HTML = "<!doctype html><title>Maintenance</title><h1>We will be back soon.</h1>"


@dataclass(frozen=True)
class Reply:
    """An answer before it is sent."""

    status: int
    text: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def of_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json.dumps(value, ensure_ascii=False), headers=headers or {})


def instead(fault: Fault) -> Reply | None:
    """Return what a fault answers in the partner's place, or None where the partner itself answers."""
    options = fault.options
    if fault.kind == "empty":
        return Reply(200, "")
    if fault.kind == "html":
        return Reply(200, _HTML, "text/html")
    if fault.kind == "status":
        status = options["status"]
        wait = {"retry-after": str(options["retry_after"])} if "retry_after" in options else {}
        text = options.get("text", f"The simulator was told to answer {status}.")
        return Reply(status, text, options.get("content_type", "text/plain"), wait)
    return None


async def send(request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    """Send an answer, in the way that a fault has it."""
    if fault is not None and fault.kind == "reset":
        return _reset(request)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.options["delay_s"])
    if fault is not None and fault.kind == "drip":
        return await _drip(request, reply, fault.options.get("bytes_per_s", 1))
    return web.Response(
        status=reply.status, text=reply.text, content_type=reply.content_type, charset="utf-8", headers=reply.headers
    )


def _reset(request: web.Request) -> web.Response:
    """Cut the connection as a server that dies does: with a reset, not with an end."""
    transport = request.transport
    if transport is not None:
        found = transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


async def _drip(request: web.Request, reply: Reply, bytes_per_s: float) -> web.StreamResponse:
    body = reply.text.encode()
    response = web.StreamResponse(status=reply.status, headers={"content-type": reply.content_type, **reply.headers})
    response.content_length = len(body)
    await response.prepare(request)
    for number in range(len(body)):
        await asyncio.sleep(1 / bytes_per_s)
        try:
            await response.write(body[number : number + 1])
        except ConnectionError:
            # The caller has had enough.
            break
    return response
