"""The real server in a process of its own, on a free port and a home of its own, and a browser's part of the talk."""

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from engine.base import installation
from tests.fakes import preloaded
from tests.fakes.home import PASSWORD
from tests.fakes.preloaded import Forked

ROOT = Path(__file__).resolve().parents[2]
START_WAIT_S = 60.0
ANSWER_WAIT_S = 30.0
SESSION_COOKIE = "handoff_session"
FREE_PORTS = "endpoints: {sftp_port: 0, ftp_port: 0, smtp_port: 0}\n"
"""Settings of a home whose hosted endpoints take any free port, so that tests run side by side."""
_ARGUMENTS = ("run", "app.py", "--server.port", "0")
_LISTENS = re.compile(r"URL: http://127\.0\.0\.1:(\d+)")
_LINK = re.compile(r"http://\S+/join\?token=(\S+)")


@dataclass
class Answer:
    """What the server said to one request."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    set_cookies: list[str]
    text: str


@dataclass
class Visitor:
    """One browser: its cookies, and the forms it fills."""

    dashboard: "Dashboard"
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers=headers)

    def send(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Answer:
        named = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.dashboard.port, timeout=ANSWER_WAIT_S)
        try:
            connection.request(method, path, body=body, headers={**named, **self.headers, **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode("utf-8", errors="replace")
            set_cookies = response.headers.get_all("Set-Cookie") or []
        finally:
            connection.close()
        given = {name: morsel.value for line in set_cookies for name, morsel in SimpleCookie(line).items()}
        self.cookies = {name: value for name, value in {**self.cookies, **given}.items() if value}
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, lowered, given, set_cookies, text)

    def fill(self, path: str, **values: str) -> Answer:
        """Open a form's page, then send the form, as a browser does."""
        self.get(path)
        return self.post(urlsplit(path).path, **{"form": self.cookies.get("handoff_form", ""), **values})

    def post(self, path: str, **values: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.dashboard.origin}
        return self.send("POST", path, urlencode(values), headers)

    def sign_in(self, email: str, password: str = PASSWORD) -> Answer:
        return self.fill("/login", email=email, password=password)

    def join(self, token: str, name: str, email: str = "") -> Answer:
        given = {"token": token, "name": name, "email": email, "password": PASSWORD, "again": PASSWORD}
        return self.fill(f"/join?token={token}", **given)

    def open_page(self, origin: str = "") -> ClientConnection:
        """Open the websocket behind a page; raises InvalidStatus where the server refuses."""
        return connect(
            f"ws://127.0.0.1:{self.dashboard.port}/_stcore/stream",
            origin=Origin(origin or self.dashboard.origin),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())},
            open_timeout=ANSWER_WAIT_S,
            max_size=None,
        )


def draw(page: ClientConnection, address: str, fragment: str = "") -> str:
    """Ask for a page by its address, or for a fragment of it, and return all that the server sends, as text."""
    page.send(BackMsg(rerun_script=ClientState(page_name=address, fragment_id=fragment)).SerializeToString())
    said = []
    deadline = time.monotonic() + ANSWER_WAIT_S
    while time.monotonic() < deadline:
        data = page.recv(timeout=ANSWER_WAIT_S)
        message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
        said.append(str(message))
        if message.WhichOneof("type") == "script_finished" and message.script_finished == message.FINISHED_SUCCESSFULLY:
            return "\n".join(said)
    raise TimeoutError("The page was not finished in time.")


class Dashboard:
    """`with Dashboard(home) as dashboard:` starts the server and leaves no process behind."""

    def __init__(self, home: Path, *, is_fresh: bool = False) -> None:
        """Name the home; the server is started by `with`, its imports done already unless it is to be fresh."""
        self.home = home
        self._is_fresh = is_fresh
        self._process: subprocess.Popen[str] | Forked | None = None
        self._listener: threading.Thread | None = None
        self._lines: list[str] = []
        self.port = 0
        self.first_token = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser writes them."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """All that the server printed."""
        return "\n".join(self._lines)

    def visitor(self, **headers: str) -> Visitor:
        """A browser that was never here."""
        return Visitor(self, headers=headers)

    def __enter__(self) -> Self:
        """Start and wait until it answers."""
        settings = self.home / installation.FILE_NAME
        if not settings.exists():
            self.home.mkdir(exist_ok=True)
            settings.write_text(FREE_PORTS, encoding="utf-8")
        # A new home prints the link for its first administrator, perhaps a moment after it begins to answer.
        is_new = not (self.home / "handoff.duckdb").exists()
        self._process = start(self.home) if self._is_fresh else _forked(self.home)
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            found = _LINK.search(self.output)
            if self.port and (found or not is_new) and self._answers():
                self.first_token = found[1] if found else ""
                return self
            time.sleep(0.05)
        self.__exit__()
        raise TimeoutError(f"The server did not start:\n{self.output}")

    def __exit__(self, *_: object) -> None:
        """Stop it as an operator would, or at last by force."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            assert self._listener is not None
            self._listener.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    def _listen(self, process: "subprocess.Popen[str] | Forked") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line.rstrip())
            if found := _LISTENS.search(line):
                self.port = int(found.group(1))

    def _answers(self) -> bool:
        try:
            return self.visitor().get("/healthz").status == 200
        except OSError:
            return False


def start(home: Path) -> "subprocess.Popen[str]":
    """Start the server's process on a free port; its output and complaints come by one pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "streamlit", *_ARGUMENTS],
        cwd=ROOT,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _forked(home: Path) -> Forked:
    return preloaded.DASHBOARD.start(_ARGUMENTS, _environment(home), stderr_too=True)


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HANDOFF_HOME": str(home), "PYTHONUNBUFFERED": "1"}
