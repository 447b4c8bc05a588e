"""Where this installation keeps its things, read from the environment once."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.base import installation
from engine.base.installation import Installation


@dataclass(frozen=True)
class Settings:
    """The home folder and what lies in it. All paths are absolute."""

    home: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.home / "handoff.duckdb"

    @property
    def spool(self) -> Path:
        """Files at rest."""
        return self.home / "spool"

    @property
    def socket(self) -> Path:
        """Where the running service takes the command line's calls."""
        return self.home / "engine.sock"

    @property
    def master_key(self) -> Path:
        """The key that seals secrets; losing it loses them."""
        return self.home / "master.key"

    @property
    def lease(self) -> Path:
        """Locked by the process that owns this home; holds its pid."""
        return self.home / "engine.lease"

    @property
    def log(self) -> Path:
        """The service's log."""
        return self.home / "handoff.log"

    @property
    def endpoints(self) -> Path:
        """What the engine and the process of the hosted endpoints tell each other; their keys."""
        return self.home / "endpoints"

    @property
    def installation(self) -> Installation:
        """What an administrator set for the whole installation.

        Raises:
            GiveUp: settings.yaml cannot be used.
        """
        return installation.load(self.home)

    @property
    def demo(self) -> Path:
        """Says that this home is the demo's; written by the demo alone, and never there otherwise."""
        return self.home / "demo.json"


def load() -> Settings:
    """Return the settings: $HANDOFF_HOME, or data/ beside app.py."""
    given = os.environ.get("HANDOFF_HOME")
    home = Path(given) if given else Path(__file__).resolve().parents[2] / "data"
    return Settings(home=home.absolute())
