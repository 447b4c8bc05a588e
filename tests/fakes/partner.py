"""The partner simulator for tests, in a thread or as the real verb in a process of its own; and a recording server."""

import asyncio
import json
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pytest

from engine.partners import catalog, requests, settings
from engine.partners.http import Client
from engine.partners.simulator import Simulator
from storage.records.deliveries import Answer
from storage.records.partners import SignalKind

_ROOT = Path(__file__).resolve().parents[2]
_WAIT_S = 30.0

PARTNER = "meta_custom_audience"
TOKEN = "EAAB-made-up-token"
AUDIENCE = "123"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The simulator in a thread of this process; import this name into a conftest or a test module."""
    with Simulator() as running:
        yield running


def given(base_url: str, **changed: str) -> dict[str, str]:
    """Return what a person would enter for one account at the simulator, secrets too."""
    return {"access_token": TOKEN, "audience_id": AUDIENCE, "base_url": base_url, **changed}


def encoded(identifiers: Sequence[str]) -> tuple[str, str]:
    """Return identifiers as storage gives them to a call: a flat list and one of one-element rows, percent-encoded."""
    flat, nested = (
        json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        for value in (list(identifiers), [[one] for one in identifiers])
    )
    return quote(flat, safe=""), quote(nested, safe="")


def call_partner(entries: dict[str, str], kind: SignalKind, *batches: Sequence[str]) -> list[Answer]:
    """Tell a partner of batches one after the other, as the dispatcher does, over one pool of connections."""
    manifest = catalog.manifest_of(PARTNER)

    async def call() -> list[Answer]:
        async with Client() as client:
            calls = [requests.build(manifest, kind, entries, *encoded(batch)) for batch in batches]
            return [await client.call(one, settings.deadline_s(manifest, entries)) for one in calls]

    return asyncio.run(call())


class SimulatorProcess:
    """`python -m engine simulate` as a child process; looked at and set over HTTP, with the Simulator's names."""

    def __init__(self, port: int = 0) -> None:
        """Start nothing yet; port 0 takes a free one."""
        self.port = port
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine", "simulate", "--port", str(self.port)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("The simulator listens on http://127.0.0.1:"), line
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def __exit__(self, *raised: object) -> None:
        """End it as Ctrl-C would, and see that it ends well."""
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        status = self._process.wait(timeout=_WAIT_S)
        self._process.stdout.close()
        if not any(raised):
            assert status == 0

    def base_url(self, partner: str = "meta") -> str:
        """Return the base address of a partner."""
        assert partner in {"meta", PARTNER}
        return f"http://127.0.0.1:{self.port}/meta"

    def audiences(self) -> dict[str, list[str]]:
        """Return who is in the audiences, in order of arrival."""
        found: dict[str, list[str]] = ask(f"{self.base_url()}/_state")["audiences"]
        return found

    def requests(self) -> dict[str, Any]:
        """Return what arrived."""
        found: dict[str, Any] = ask(f"{self.base_url()}/_requests")
        return found

    def forget_requests(self) -> None:
        """Begin counting anew."""
        ask(f"{self.base_url()}/_requests", "DELETE")

    def set_faults(self, wanted: Any) -> None:
        """Order faults."""
        ask(f"{self.base_url()}/_faults", "PUT", json.dumps(wanted).encode())


def ask(url: str, method: str = "GET", body: bytes | None = None) -> Any:
    """Ask a server of this machine and return its JSON; an answer that is an error is raised."""
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - an address of this machine
    with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310 - the same
        return json.load(answer)


@dataclass(frozen=True)
class Recorded:
    """One request as its bytes came over the wire; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Recorder:
    """A server that keeps what it receives and gives to everyone the same answer; a context manager.

    context: makes it speak TLS. clients: addresses from which connections came.
    """

    status: int = 200
    text: str = '{"num_received": 1, "num_invalid_entries": 0}'
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Recorded] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    clients: set[tuple[str, int]] = field(default_factory=set)

    def __enter__(self) -> Self:
        """Listen on a free port."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                try:
                    super().handle()
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.clients.add(self.client_address)
                outer.received.append(Recorded(self.command, self.path, headers, body))
                text = outer.text.encode()
                self.send_response(outer.status)
                for name, value in {**outer.headers, "content-length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = answer  # noqa: N815 - the library looks for these names
            do_POST = answer  # noqa: N815 - the same
            do_DELETE = answer  # noqa: N815 - the same

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
                """Tests keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.context is not None:
            # The handshake is made by the thread of the connection, which may see it fail.
            self._server.socket = self.context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._server.server_port}"
