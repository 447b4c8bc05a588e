"""The demo as a process: its port, its end, and that whoever opens it on this machine, and nobody else, is let in."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from starlette.requests import Request

from engine.demo.dashboard import free_port
from pages.parts import sign_in
from tests.fakes.dashboard import ROOT, SESSION_COOKIE, Dashboard
from tests.fakes.home import first_admin, open_home, session
from tests.fakes.service import wait_until

PARENT = """
import sys, time
from pathlib import Path
from engine.demo.dashboard import Dashboard
with Dashboard(Path(sys.argv[1]), int(sys.argv[2])) as dashboard:
    print(dashboard._process.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard on a home that is marked as the demo's."""
    home = tmp_path_factory.mktemp("demo")
    with open_home(home) as desk:
        first_admin(desk)
        desk.settings.demo.write_text(json.dumps({"session": session(desk, "ana@example.org")}))
    with Dashboard(home) as dashboard:
        yield dashboard


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard on any other home."""
    home = tmp_path_factory.mktemp("ordinary")
    with open_home(home) as desk:
        first_admin(desk)
    with Dashboard(home) as dashboard:
        yield dashboard


def test_whoever_opens_the_demo_on_this_machine_is_signed_in(demo: Dashboard) -> None:
    # given
    visitor = demo.visitor()
    # when
    led = visitor.get("/")
    answer = visitor.get(led.headers["location"])
    # then
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in "".join(answer.set_cookies)
    assert visitor.get("/").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Forwarded-Proto": "https"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example"},
        {"Host": "evil.example"},
    ],
)
def test_who_comes_from_elsewhere_is_not(demo: Dashboard, headers: dict[str, str]) -> None:
    # when
    answer = demo.visitor(**headers).get("/login")
    # then
    assert answer.status != 303
    assert SESSION_COOKIE not in answer.cookies


@pytest.mark.parametrize(
    ("client", "host", "is_let_in"),
    [
        ("127.0.0.1", "localhost:8501", True),
        ("::1", "[::1]:8501", True),
        ("192.0.2.1", "localhost:8501", False),
        ("127.0.0.1", "demo.example:8501", False),
    ],
)
def test_only_this_machine_by_its_own_name_counts(client: str, host: str, is_let_in: bool) -> None:  # noqa: FBT001 - a case's third value
    headers = [(b"host", host.encode())]
    scope = {"type": "http", "method": "GET", "path": "/login", "query_string": b"", "headers": headers}
    request = Request({**scope, "client": (client, 50000), "scheme": "http", "server": ("127.0.0.1", 8501)})
    assert sign_in._is_at_this_machine(request) is is_let_in


def test_signed_out_of_the_demo_one_is_asked_who_one_is(demo: Dashboard) -> None:
    # given
    visitor = demo.visitor()
    visitor.get("/login")
    # when
    visitor.get("/login?next=/")
    kept = dict(visitor.cookies)
    home = demo.home / "demo.json"
    marker = home.read_text()
    home.write_text(json.dumps({"session": "ended"}))
    answer = demo.visitor().get("/login")
    home.write_text(marker)
    # then
    assert kept[SESSION_COOKIE]
    assert (answer.status, SESSION_COOKIE in answer.cookies) == (200, False)


def test_no_other_home_signs_anybody_in(ordinary: Dashboard) -> None:
    # when
    answer = ordinary.visitor().get("/login")
    # then
    assert (answer.status, SESSION_COOKIE in answer.cookies) == (200, False)


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    # given
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # when
        done = subprocess.run(
            [sys.executable, "-m", "engine.demo", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    # then
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Port {port} is in use; name another one: make demo PORT=8600.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ended_in_the_middle_it_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    # given
    with subprocess.Popen(
        [sys.executable, "-m", "engine.demo", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        wait_until(lambda: any(tmp_path.glob("handoff-demo-*/home/spool/*")), 60)
        children = psutil.Process(running.pid).children(recursive=True)
        # when
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    # then
    assert (running.returncode, err) == (0, "")
    assert out.endswith("The demo is over; what it made is removed.\n")
    assert list(tmp_path.glob("handoff-demo-*")) == []
    wait_until(lambda: not any(child.is_running() for child in children), 20)


def test_the_dashboard_ends_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    # given
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "home"), str(free_port(0))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        # when
        parent.kill()
    # then
    wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, 30)
