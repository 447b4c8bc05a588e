"""The command line as a person types it: `python -m engine ...` as a process of its own on one home."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fakes import preloaded
from tests.fakes.openssh import OpenSSH
from tests.fakes.shop import wanted

ROOT = Path(__file__).resolve().parents[2]
PASSWORD_NAME = "SHOP_PASSWORD"
_WAIT_S = 120.0


@dataclass(frozen=True)
class Said:
    """How one command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        assert self.out.count("\n") == 1, self
        return json.loads(self.out)


class Terminal:
    """Types commands; the password of the server is in the environment, as YAML files want it."""

    def __init__(self, folder: Path, server: OpenSSH) -> None:
        """Name the home below this folder; nothing is made yet."""
        self.folder = folder
        self.home = folder / "home"
        self.server = server
        self.environment = {**os.environ, "HANDOFF_HOME": str(self.home), PASSWORD_NAME: server.password}

    def type(self, *words: str) -> Said:
        """Type one command and wait for its end."""
        done = preloaded.ENGINE.run(words, self.environment, _WAIT_S)
        return Said(done.status, done.out, done.err)

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Type one command and leave it going; it begins with its imports, as in a shell."""
        return subprocess.Popen(
            [sys.executable, "-m", "engine", *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, content: Any) -> str:
        """Write a YAML file, or any text in its place, and return its path."""
        path = self.folder / "wanted.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """Return a good file's content; changes go into the connection, its server or its goal."""
        found = wanted(self.server, password=f"${{{PASSWORD_NAME}}}")
        [connection] = found["connections"]
        places = (connection, connection["server"], connection["goals"][0]["import"])
        for name, value in changes.items():
            next(place for place in places if name in place)[name] = value
        return found

    def apply(self, **changes: Any) -> Said:
        """Type `apply FILE --json`."""
        return self.type("apply", self.write(self.wanted(**changes)), "--json")
