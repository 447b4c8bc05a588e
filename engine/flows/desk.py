"""What every flow, action and view works with: settings, database, spool and vault of this process."""

from dataclasses import dataclass

from engine.base import errors
from engine.base.settings import Settings
from engine.security.vault import Vault
from storage.database import Database
from storage.spool import Spool


@dataclass(frozen=True)
class Desk:
    """The open home. One a process; tests make their own."""

    settings: Settings
    database: Database
    spool: Spool
    vault: Vault


_current: Desk | None = None


def set_current(desk: Desk | None) -> None:
    """Make this the desk of the process; None when it closes."""
    global _current  # noqa: PLW0603 - a page run has no other way to find the process's open database
    _current = desk


def current() -> Desk:
    """Return the desk of this process.

    Raises:
        GiveUp: The service is not running in this process.
    """
    if _current is None:
        raise errors.GiveUp("The engine is not running here; start Handoff with `make run`.")
    return _current
