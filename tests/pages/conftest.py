"""What the tests of pages share: an open home, its first admin, and a page as somebody sees it."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, local_script_runner

from engine.flows.desk import Desk
from engine.security import passwords
from pages.parts import frame, session
from storage.records.people import Caller, Role
from tests.fakes import home

ADMIN = "ana@example.org"
PAGES = Path(__file__).resolve().parents[2] / "pages"
Show = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def prepared_once() -> Iterator[None]:
    """Let AppTest do once a process what a server does once: compile a page, and look for packages of components."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    compiled = ScriptCache()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", scan)
        patched.setattr(local_script_runner, "ScriptCache", lambda: compiled)
        yield


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An open home without its engine."""
    monkeypatch.setattr(passwords, "_HASHER", home.CHEAP_HASHER)
    (tmp_path / "home").mkdir()
    with home.open_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def admin(desk: Desk) -> Caller:
    """The home's first administrator."""
    return home.first_admin(desk, ADMIN)


@pytest.fixture
def show(desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> Show:
    """A page by its file as a new person of a role sees it, or a known one by e-mail, with what its address asks."""

    def run(file: str, role: Role = Role.ADMIN, *, email: str = ADMIN, **query: str) -> AppTest:
        if role is not Role.ADMIN:
            home.add_person(desk, admin, role)
            email = f"{role.value}@example.org"
        token = home.session(desk, email)
        monkeypatch.setattr(session, "token", lambda: token)
        page = AppTest.from_file(PAGES / file, default_timeout=20)
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    return run


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Where a page leads: each (file, query), instead of leaving for a page that runs in a test of its own."""
    led: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(frame, "go", lambda file, **query: led.append((file, query)))
    return led
