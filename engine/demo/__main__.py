"""`python -m engine.demo`: makes the demo's home and world, says where it is, and ends all of it at the end."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from engine.actions import sign_in
from engine.base import clock, errors, installation
from engine.base.settings import Settings
from engine.demo import world
from engine.demo.clock import FakedClock
from engine.demo.dashboard import Dashboard, free_port
from engine.demo.history import DAYS, OPENING_DAYS_AGO, History
from engine.demo.keeper import Shopkeeper
from engine.demo.server import SftpServer
from engine.demo.shop import Shop
from engine.demo.world import SharedFolder
from engine.partners.simulator import Simulator
from engine.service import Home
from storage.records.people import Role

_PORT = 8501
_SEED = 1997
_POLL_S = 0.5
_TOLD_DAYS = 10
_ASLEEP_DAYS = 75
_FREE_PORTS = "endpoints: {sftp_port: 0, ftp_port: 0, smtp_port: 0}\n"
"""Partners' logins take any free port, so that a demo disturbs nobody else on the machine."""
_LIVE_FAULTS = [
    {"kind": "partial", "count": 1, "calls": 2, "operation": "add", "audience": world.LISTS[world.SECOND]},
]
"""The newest figures show an error too, now and then."""


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM; return the exit status."""
    asked = _asked()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    began_s = clock.monotonic_s()
    try:
        with ExitStack() as closing:
            port = free_port(asked.port)
            root = closing.enter_context(_root())
            _say("Making the demo: a shop, a partner and 90 days of deliveries between them, all on this machine.")
            password, dashboard = _open(closing, root, port)
            _say_where(password, dashboard, clock.monotonic_s() - began_s)
            while dashboard.is_running:
                time.sleep(_POLL_S)
        sys.stderr.write("The dashboard ended, and so does the demo; what it said stands above.\n")
    except KeyboardInterrupt:
        _say("\nThe demo is over; what it made is removed.")
        return 0
    except errors.HandoffError as error:
        sys.stderr.write(f"{error}\n")
    return 1


def _end(*_: object) -> None:
    """End in order at the first signal; a second one does not cut the clearing up short."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engine.demo", description="Handoff's demo, on this machine alone.")
    given = os.environ.get("PORT", "")
    default = int(given) if given.isdecimal() else _PORT
    parser.add_argument("--port", type=int, default=default, help=f"of the dashboard; 0 takes a free one ({_PORT})")
    return parser.parse_args()


@contextmanager
def _root() -> Iterator[Path]:
    """Yield a folder that is removed at the end; the one that $HANDOFF_DEMO_HOME names is kept."""
    kept = os.environ.get("HANDOFF_DEMO_HOME")
    root = Path(kept).absolute() if kept else Path(tempfile.mkdtemp(prefix="handoff-demo-"))
    try:
        yield root
    finally:
        if not kept:
            shutil.rmtree(root, ignore_errors=True)


def _open(closing: ExitStack, root: Path, port: int) -> tuple[str, Dashboard]:
    """Start everything in its order; return the people's password and the dashboard."""
    files = root / "server"
    try:
        files.mkdir(parents=True)
    except OSError as error:
        raise errors.GiveUp(f"The demo cannot be made in {root}: {error.strerror}; name an empty folder.") from error
    server = closing.enter_context(SftpServer(files))
    simulator = closing.enter_context(Simulator())
    folder, shop = SharedFolder(files), Shop(_SEED)
    settings = Settings(home=root / "home")
    password = _make_past(settings, server, simulator, folder, shop)
    simulator.set_faults(_LIVE_FAULTS)
    dashboard = closing.enter_context(Dashboard(settings.home, port))
    closing.enter_context(Shopkeeper(shop, folder, _SEED))
    _say(f"The shop's files are at sftp://{server.username}@{server.host}:{server.port}/outgoing")
    _say(f"What the partner holds: {simulator.base_url()}/_state")
    return password, dashboard


def _make_past(settings: Settings, server: SftpServer, simulator: Simulator, folder: SharedFolder, shop: Shop) -> str:
    today = clock.now().date()
    start = datetime.combine(today - timedelta(days=OPENING_DAYS_AGO + 1), datetime.min.time()) + timedelta(hours=5)
    settings.home.mkdir(mode=0o700)
    (settings.home / installation.FILE_NAME).write_text(_FREE_PORTS, encoding="utf-8")
    home = Home(settings)
    try:
        with FakedClock(start) as now:
            people, password = world.settle_people(home.desk)
            asleep_since = (today - timedelta(days=_ASLEEP_DAYS)).isoformat()
            world.configure(home.desk, people[Role.ADMIN], server, simulator, asleep_since)
            History(home.desk, people, folder, simulator).make(shop, now, today, _tell)
            world.hand_over(home.desk, people[Role.ANALYST])
        token = sign_in.sign_in(home.desk, server.host, world.ADMIN.email, password)
        settings.demo.touch(mode=0o600)
        settings.demo.write_text(json.dumps({"session": token}), encoding="utf-8")
    finally:
        home.close()
    return password


def _tell(done: int, of: int) -> None:
    text = f"{DAYS} days of history: {100 * done // of} %"
    if sys.stdout.isatty():
        _say(f"\r{text}", end="" if done < of else "\n")
    elif done == of or done % _TOLD_DAYS == 0:
        _say(text)


def _say_where(password: str, dashboard: Dashboard, took_s: float) -> None:
    people = ", ".join(f"{person.email} ({person.role.value})" for person in (world.ADMIN, *world.OTHERS))
    _say(f"Whoever opens it on this machine is signed in as {world.ADMIN.name}.")
    _say(f"To be somebody else, sign out; the password of all is {password}: {people}.")
    _say("A new file comes every 40 s and is fetched every minute. Ctrl-C ends the demo and removes all of it.")
    _say(f"Ready after {took_s:.0f} s.")
    _say(f"The demo is ready: {dashboard.address}")


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
