"""Who may sign in: the file of accounts that the engine writes, read again as soon as it changes."""

import threading
from collections.abc import Callable
from pathlib import Path

from engine.base import limits, log
from engine.endpoints.guard import Guard
from engine.security import provisioning
from storage.records.boxes import Account, Accounts, Mailbox

_PASSWORD_CHARACTERS_MAX = 1_024
_NOBODY = Accounts((), ())


class Directory:
    """All logins and mailboxes of now; safe between threads."""

    def __init__(self, path: Path, guard: Guard) -> None:
        """Read the file once; without one there is nobody."""
        self._path = path
        self._guard = guard
        self._seen: tuple[int, int, int] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._hold(_NOBODY)
        self.look()

    def watch(self) -> None:
        """Look for changes from now on, in a thread of its own, twice a second."""
        threading.Thread(target=self._watch, name="accounts", daemon=True).start()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this after each change of the accounts, in the watching thread; it asks `is_current`."""
        with self._lock:
            self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Call this no more."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def login(self, protocol: str, username: str, password: str, peer: str) -> Account | None:
        """Return the account of a right password; a wrong one is counted against the peer's address.

        Unknown users, users with keys only and wrong passwords cost the same time (faults row 24).
        """
        account = self._accounts.get((protocol, username))
        stored = account.password_hash if account else ""
        is_right = provisioning.is_password(password[:_PASSWORD_CHARACTERS_MAX], stored)
        if account is not None and is_right:
            return account
        self._guard.note_wrong(peer)
        # The name may be a password that was typed into the wrong field, so only its length is told.
        log.logger(__name__).info("%s: wrong login from %s, a name of %d characters", protocol, peer, len(username))
        return None

    def key_login(self, protocol: str, username: str, line: str) -> Account | None:
        """Return the account to which this public key ("ssh-ed25519 AAAA...") belongs; nothing is counted.

        A client offers all the keys that it has, so an unknown one is no attack.
        """
        account = self._accounts.get((protocol, username))
        offered = tuple(line.split(" ")[:2])
        if account is None:
            return None
        return account if any(tuple(key.split(" ")[:2]) == offered for key in account.public_keys) else None

    def mailbox(self, local_part: str) -> Mailbox | None:
        """Return the mailbox of an address's local part, case not minded."""
        return self._mailboxes.get(local_part.lower())

    def is_current(self, account: Account) -> bool:
        """Say whether a session of this account may go on: same secrets, and no folder taken away or changed."""
        now = self._accounts.get((account.protocol, account.username))
        return (
            now is not None
            and (now.credential_id, now.version) == (account.credential_id, account.version)
            and (now.password_hash, now.public_keys) == (account.password_hash, account.public_keys)
            and set(account.mounts) <= set(now.mounts)
        )

    def protocols(self) -> frozenset[str]:
        """Return the protocols that anybody can use now: of "sftp", "ftp" and "smtp"."""
        found = {protocol for protocol, _ in self._accounts}
        return frozenset(found | ({"smtp"} if self._mailboxes else set()))

    def look(self) -> bool:
        """Read the file again where it has changed; say whether it had."""
        try:
            found = self._path.stat()
        except OSError:
            seen = None
        else:
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return False
        if seen is None:
            self._hold(_NOBODY)
        else:
            try:
                self._hold(Accounts.from_json(self._path.read_text(encoding="utf-8")))
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.logger(__name__).error("accounts.json cannot be read: %s", log.where(error))
        self._seen = seen
        return True

    def _hold(self, accounts: Accounts) -> None:
        self._accounts = {(item.protocol, item.username): item for item in accounts.accounts}
        self._mailboxes = {item.local_part.lower(): item for item in accounts.mailboxes}

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(limits.ENDPOINT_LOOK_INTERVAL_S):
            if self.look():
                with self._lock:
                    listeners = tuple(self._listeners)
                for listener in listeners:
                    try:
                        listener()
                    except Exception as error:  # noqa: BLE001 - the edge of a thread: the others are told all the same
                        log.logger(__name__).error("an endpoint stumbled over a change: %s", log.where(error))
