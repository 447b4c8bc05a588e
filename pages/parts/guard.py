"""Stands before every request: nobody who is not signed in gets past it, by HTTP or by websocket."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from engine.views import callers
from storage.records.people import Caller

SESSION_COOKIE = "handoff_session"


def _shell_paths() -> frozenset[str]:
    root = Path(streamlit.__file__).parent / "static"
    return frozenset(f"/{file.relative_to(root).as_posix()}" for file in (root / "static").rglob("*") if file.is_file())


_OPEN_PATHS = frozenset({"/login", "/join", "/healthz"}) | _shell_paths()
"""Exactly these, no folder. The files are those of the Streamlit package, the same in every installation: they tell
nothing about this one. The sign-in takes its letters from there, and a page whose sign-in has ended still loads the
piece of script that leads to the sign-in."""
_MACHINE_PATHS = ("/_stcore/", "/media/", "/component/", "/static/", "/app/", "/oauth2callback")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; "
    "connect-src 'self' {sockets} data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
"""Streamlit needs inline and evaluated script, and hands that of components over as blobs; what it must not do is call
anybody else. {sockets} is our own websocket by its name: not every browser takes 'self' for it."""
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers send "Origin: null" with our own forms. Other sites learn nothing.
    "Referrer-Policy": "same-origin",
}


class Guard:
    """Pure ASGI: passes, redirects or refuses, and adds the security headers to what goes out."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before this app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send, Headers(scope=scope).get("host", "")))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        if scope["method"] not in _SAFE_METHODS and is_foreign(connection.headers):
            refusal: Response = PlainTextResponse("Requests from other sites are refused.", 403)
        elif scope["path"] in _OPEN_PATHS or await _caller_of(connection):
            await self._app(scope, receive, send)
            return
        elif _is_page(scope, connection.headers):
            query = f"?{connection.url.query}" if connection.url.query else ""
            refusal = RedirectResponse(f"/login?next={quote(scope['path'] + query, safe='')}", 303)
        else:
            refusal = PlainTextResponse("Sign in first.", 401)
        refusal.headers["Cache-Control"] = "no-store"
        await refusal(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        if is_foreign(connection.headers) or not await _caller_of(connection):
            # Closed before it was accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1008})
            return

        async def receive_checked() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not await _caller_of(connection):
                # The sign-in ended while the page was open. Whatever was clicked, all that may happen is that
                # the page is drawn anew, from its gate on: no fragment and no button runs for nobody.
                return {"type": "websocket.receive", "bytes": _DRAW_ANEW}
            return message

        await self._app(scope, receive_checked, send)


MIDDLEWARE = Middleware(Guard)
_DRAW_ANEW = BackMsg(rerun_script=ClientState()).SerializeToString()


def is_foreign(headers: Headers) -> bool:
    """Say whether a browser sent this from another site's page; programs without a page pass."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


async def _caller_of(connection: HTTPConnection) -> Caller | None:
    token = connection.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    return await run_in_threadpool(callers.find, callers.current_desk(), token)


def _is_page(scope: Scope, headers: Headers) -> bool:
    is_shown = headers.get("sec-fetch-dest", "document") == "document"
    return scope["method"] in ("GET", "HEAD") and is_shown and not scope["path"].startswith(_MACHINE_PATHS)


def _with_headers(send: Send, host: str) -> Send:
    sockets = f"ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", _POLICY.format(sockets=sockets))
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
