"""The simulator's server: Meta under /meta, and beside it what people and tests look at and set."""

import asyncio
import json
import signal
import threading
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from engine.base import clock, errors
from engine.partners.simulator import faults, graph, replies
from engine.partners.simulator.audiences import Logged, Memory
from engine.partners.simulator.faults import Fault
from engine.partners.simulator.replies import Reply

# A remove of 10,000 people as an address takes a megabyte; the largest body of any kind a few more.
_LINE_BYTES_MAX = 4 * 1024**2
_BODY_BYTES_MAX = 64 * 1024**2
_START_WAIT_S_MAX = 10.0
_SHUTDOWN_S = 0.2
_PORTS = range(65_536)
_OWN = ("_state", "_faults", "_requests")


class Meta:
    """Meta's Graph API as far as custom audiences need it."""

    def __init__(self) -> None:
        """Begin empty and without faults."""
        self.memory = Memory()
        self.faults: list[Fault] = []

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer one call of a client."""
        body = await request.read()
        operation, audience = graph.place(request.method, path)
        fault = faults.take(self.faults, operation, audience)
        reply, profiles = self._answered(request, path, body, fault)
        self.memory.note(
            Logged(
                at=clock.now(),
                method=request.method,
                path=f"/{graph.PREFIX}{path}",
                operation=operation,
                audience=audience,
                profiles=profiles,
                status=reply.status,
                fault=fault.kind if fault else None,
            )
        )
        return await replies.send(request, reply, fault)

    def _answered(self, request: web.Request, path: str, body: bytes, fault: Fault | None) -> tuple[Reply, int]:
        """Return the answer and how many people the call named; applied where the fault lets it be."""
        audience = graph.place(request.method, path)[1]
        instead = (replies.instead(fault) or graph.wrong(fault, audience)) if fault else None
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            asked = graph.understand(request.method, path, dict(request.query), body, headers)
        except graph.GraphError as error:
            return instead or error.reply(), 0
        if instead is not None:
            return instead, len(asked.identifiers)
        if asked.operation == "test":
            return graph.named(asked.audience), 0
        is_lost = fault is not None and fault.kind == "reset" and not fault.options.get("after_apply", False)
        if is_lost:
            return Reply(0, ""), len(asked.identifiers)
        return self._applied(asked, fault), len(asked.identifiers)

    def _applied(self, asked: graph.Asked, fault: Fault | None) -> Reply:
        rejected = dict(asked.rejected or {})
        is_named = True
        if fault is not None and fault.kind == "partial":
            rejected |= dict.fromkeys(graph.partly(fault, asked.identifiers), "made invalid by the simulator")
            is_named = fault.options.get("named", True)
        good = [identifier for identifier in asked.identifiers if identifier not in rejected]
        self.memory.apply(asked.operation, asked.audience, good)
        received = len(asked.identifiers)
        return graph.taken(asked.audience, received, received - len(good), rejected if is_named else {})


class Simulator:
    """The simulator in a thread of this process; a context manager.

    Its methods may be called from any thread. host is loopback: nobody else has business here.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen nowhere yet; port 0 takes a free one."""
        self._asked_port = port
        self._host = host
        self._meta = Meta()
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        """Listen; `port` is known from here on.

        Raises:
            GiveUp: The port is taken.
        """
        self._thread = threading.Thread(target=lambda: asyncio.run(self.run()), name="simulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_WAIT_S_MAX) or self._failure is not None:
            raise errors.GiveUp(f"Port {self._asked_port} of {self._host} cannot be listened on; name another.")
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop, whatever is still being answered."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    async def run(self, tell: Callable[[], None] | None = None) -> None:
        """Listen until stopped; tell is called once the port is known."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            # A partner takes addresses as long as its clients make them.
            max_line_size=_LINE_BYTES_MAX,
            max_field_size=_LINE_BYTES_MAX,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._asked_port).start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            if tell is not None:
                tell()
            await self._stop.wait()
        except OSError as error:
            self._failure = error
            self._ready.set()
        finally:
            await runner.cleanup()

    def stop(self) -> None:
        """End run."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    @property
    def has_failed(self) -> bool:
        """Say whether the port could not be listened on."""
        return self._failure is not None

    def base_url(self, partner: str = graph.PREFIX) -> str:
        """Return the base address of a partner, by its id or its prefix."""
        _known(partner)
        return f"http://{self._host}:{self.port}/{graph.PREFIX}"

    def audiences(self, partner: str = graph.PREFIX) -> dict[str, list[str]]:
        """Return who is in a partner's audiences, in order of arrival."""
        _known(partner)
        found: dict[str, list[str]] = self._ask(self._meta.memory.shown)
        return found

    def requests(self, partner: str = graph.PREFIX) -> dict[str, Any]:
        """Return what arrived at a partner, as GET _requests does."""
        _known(partner)
        found: dict[str, Any] = self._ask(self._meta.memory.arrivals.shown)
        return found

    def forget_requests(self, partner: str = graph.PREFIX) -> None:
        """Begin counting anew what arrives at a partner."""
        _known(partner)
        self._ask(self._meta.memory.forget_arrivals)

    def set_faults(self, given: Any, partner: str = graph.PREFIX) -> None:
        """Order faults of a partner, as PUT _faults does.

        Raises:
            BadInput: It is no fault.
        """
        _known(partner)
        wanted = faults.read(given)
        self._ask(lambda: setattr(self._meta, "faults", wanted))

    def reset(self) -> None:
        """Begin anew: no audiences, no faults, nothing arrived."""
        self._ask(self._forget)

    def _forget(self) -> None:
        self._meta = Meta()

    def _ask(self, does: Callable[[], Any]) -> Any:
        """Do something in the server's thread, so that no call is half done meanwhile."""

        async def do() -> Any:
            return does()

        if self._loop is None:
            return does()
        return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_BODY_BYTES_MAX)
        application.router.add_route("*", "/{path:.*}", self._route)
        return application

    async def _route(self, request: web.Request) -> web.StreamResponse:
        prefix, _, rest = request.path.lstrip("/").partition("/")
        is_meta = prefix in {graph.PREFIX, *graph.PARTNERS}
        if is_meta and rest in _OWN:
            return _sent(await self._look(request, rest))
        if is_meta and rest:
            return await self._meta.answer(request, f"/{rest}")
        if not prefix and request.method == "GET":
            shown = {"name": "Meta (Facebook) Custom Audiences", "understands": graph.UNDERSTANDS, "looks": _OWN}
            return _sent(replies.of_json({"partners": {graph.PREFIX: shown}}))
        if prefix == "_reset" and request.method == "POST":
            self._forget()
            return _sent(replies.of_json({}))
        return _sent(replies.of_json({"error": f"There is nothing at {request.path}; GET / lists what there is."}, 404))

    async def _look(self, request: web.Request, what: str) -> Reply:
        """Answer those who look at the simulator, or set it."""
        asked = (request.method, what)
        if asked == ("GET", "_state"):
            return replies.of_json({"audiences": self._meta.memory.shown()})
        if asked == ("GET", "_requests"):
            return replies.of_json(self._meta.memory.arrivals.shown())
        if asked == ("DELETE", "_requests"):
            self._meta.memory.forget_arrivals()
            return replies.of_json(self._meta.memory.arrivals.shown())
        if asked == ("PUT", "_faults"):
            try:
                self._meta.faults = faults.read(json.loads(await request.read()))
            except errors.BadInput as error:
                return replies.of_json({"error": str(error)}, 400)
            except ValueError:
                return replies.of_json({"error": "The faults are no JSON."}, 400)
        elif asked != ("GET", "_faults"):
            return replies.of_json({"error": f"{request.method} does nothing here."}, 405)
        return replies.of_json([fault.shown() for fault in self._meta.faults])


def _known(partner: str) -> None:
    if partner not in {graph.PREFIX, *graph.PARTNERS}:
        raise errors.GiveUp(f'The simulator knows no partner "{partner}"; it knows {graph.PREFIX}.')


def _sent(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, text=reply.text, content_type=reply.content_type, headers=reply.headers)


def serve(port: int, tell: Callable[[str], None], host: str = "127.0.0.1") -> None:
    """Simulate until a signal to end arrives.

    Args:
        port: 0 takes a free one.
        tell: Is told one line, once the simulator listens.
        host: Loopback, unless someone has a reason.

    Raises:
        BadInput: There is no such port.
        GiveUp: The port is taken.
    """
    if port not in _PORTS:
        raise errors.BadInput(f"{port} is no port; name one from 1 to {_PORTS[-1]}, or 0 for a free one.")
    simulator = Simulator(port, host)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, simulator.stop)
        await simulator.run(lambda: tell(f"The simulator listens on http://{host}:{simulator.port}"))

    asyncio.run(run())
    if simulator.has_failed:
        raise errors.GiveUp(f"Port {port} of {host} cannot be listened on; name another.")
