"""Who may connect: caps, wrong logins, and bans that expire; and who may sign in."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.accounts import Directory
from engine.endpoints.guard import Guard
from engine.security import provisioning
from storage.records.boxes import Account, Accounts, Mailbox, Mount

FOLDER = Mount("C1", "/", is_writable=True, bytes_max=1, files_max=1, file_bytes_max=1)
MORE = Mount("C3", "/more", is_writable=True, bytes_max=1, files_max=1, file_bytes_max=1)
HOST, OTHER = "192.0.2.1", "192.0.2.2"


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now_s


def test_enough_wrong_logins_ban_an_address_until_the_ban_expires() -> None:
    # given an address with one wrong login too few
    clock = Clock()
    guard = Guard(clock)
    for _ in range(limits.ENDPOINT_WRONG_LOGINS_MAX - 1):
        guard.note_wrong(HOST)
    assert guard.admit("sftp", HOST)

    # when one more comes
    guard.note_wrong(HOST)

    # then nothing is taken from it, by any protocol, and others are served
    assert not guard.admit("sftp", HOST)
    assert not guard.admit("smtp", f"::ffff:{HOST}")
    assert guard.admit("sftp", OTHER)
    assert [address for address, _ in guard.banned()] == [HOST]

    # when the ban is over; then it begins anew
    clock.now_s += limits.ENDPOINT_BAN_S + 1
    assert guard.admit("sftp", HOST)
    assert guard.banned() == ()


def test_wrong_logins_of_long_ago_do_not_count() -> None:
    # given wrong logins, each long after the other
    clock = Clock()
    guard = Guard(clock)

    # when there are many
    for _ in range(5 * limits.ENDPOINT_WRONG_LOGINS_MAX):
        guard.note_wrong(HOST)
        clock.now_s += limits.ENDPOINT_WRONG_LOGINS_WITHIN_S / (limits.ENDPOINT_WRONG_LOGINS_MAX - 2)

    # then nobody is banned
    assert not guard.is_banned(HOST)


def test_one_address_has_a_cap_and_a_place_that_is_left_is_free_again() -> None:
    # given as many connections as one address may have
    guard = Guard(Clock())
    for _ in range(limits.ENDPOINT_SESSIONS_PER_ADDRESS_MAX):
        assert guard.admit("sftp", HOST)

    # when one more comes; then it is refused there alone
    assert not guard.admit("sftp", HOST)
    assert guard.admit("sftp", OTHER)
    assert guard.admit("ftp", HOST)
    guard.leave("sftp", HOST)
    assert guard.admit("sftp", HOST)
    assert guard.sessions("sftp") == limits.ENDPOINT_SESSIONS_PER_ADDRESS_MAX + 1


def test_many_addresses_of_one_customer_of_ipv6_count_as_one() -> None:
    # given wrong logins from all over one network of 64 bits
    guard = Guard(Clock())
    for number in range(limits.ENDPOINT_WRONG_LOGINS_MAX):
        guard.note_wrong(f"2001:db8:1:2::{number:x}")

    # when another address of it comes; then it is banned too
    assert guard.is_banned("2001:db8:1:2:ffff::1")
    assert not guard.is_banned("2001:db8:1:3::1")


def test_strangers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    # given room for few addresses
    monkeypatch.setattr(limits, "ENDPOINT_ADDRESSES_KEPT_MAX", 50)
    guard = Guard(Clock())

    # when many try once each
    for number in range(1_000):
        guard.note_wrong(f"10.0.{number // 250}.{number % 250}")

    # then few are remembered
    assert len(guard._wrong) <= 50


def test_bans_do_not_fill_the_memory_and_end_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # given room for few addresses, each of which is banned by one wrong login
    monkeypatch.setattr(limits, "ENDPOINT_ADDRESSES_KEPT_MAX", 50)
    monkeypatch.setattr(limits, "ENDPOINT_WRONG_LOGINS_MAX", 1)
    clock = Clock()
    guard = Guard(clock)

    # when many are banned; then the newest stay so
    for number in range(200):
        clock.now_s += 1
        guard.note_wrong(f"10.0.0.{number}")
    assert {host for host, _ in guard.banned()} == {f"10.0.0.{number}" for number in range(150, 200)}

    # when their time is over and one more comes; then nothing is kept of them
    clock.now_s += limits.ENDPOINT_BAN_S + 1
    guard.note_wrong(HOST)
    assert list(guard._banned_until_s) == [HOST]


def test_accounts_are_read_again_when_they_change_and_sessions_are_told(tmp_path: Path) -> None:
    # given a login and a mailbox
    told: list[str] = []
    path = tmp_path / "accounts.json"
    directory = Directory(path, Guard(Clock()))
    directory.on_change(lambda: told.append("changed"))
    password = provisioning.new_password()
    account = Account("K1", 1, "sftp", "acme", provisioning.hash_password(password), (), (FOLDER,))
    assert directory.login("sftp", "acme", password, HOST) is None
    _write(path, Accounts((account,), (Mailbox("C2", "in-Abc", (), 1),)))

    # when the file is there
    assert directory.look()
    assert not directory.look()

    # then it counts, for its own protocol
    found = directory.login("sftp", "acme", password, HOST)
    assert found == account
    assert directory.login("ftp", "acme", password, HOST) is None
    assert directory.login("sftp", "acme", password + "x", HOST) is None
    assert directory.key_login("sftp", "acme", "ssh-ed25519 AAAA") is None
    assert directory.mailbox("IN-ABC") is not None
    assert directory.protocols() == {"sftp", "smtp"}

    # when its secret changes, when it gets one folder more, and when it goes; then its sessions may stay or not
    more = Account(**{**vars(account), "mounts": (*account.mounts, MORE)})
    _write(path, Accounts((more,), ()))
    assert directory.look()
    assert directory.is_current(account)
    _write(path, Accounts((Account(**{**vars(account), "version": 2}),), ()))
    assert directory.look()
    assert not directory.is_current(account)
    path.unlink()
    assert directory.look()
    assert not directory.is_current(account)
    assert directory.protocols() == frozenset()


def test_a_file_of_accounts_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    # given a login
    path = tmp_path / "accounts.json"
    account = Account("K1", 1, "sftp", "acme", "", ("ssh-ed25519 AAAA",), (FOLDER,))
    _write(path, Accounts((account,), ()))
    directory = Directory(path, Guard(Clock()))

    # when something else stands there
    path.write_text('{"accounts": [{"odd": 1}]')
    assert directory.look()

    # then who could sign in still can
    assert directory.key_login("sftp", "acme", "ssh-ed25519 AAAA with a comment") == account


def test_bans_say_until_when() -> None:
    # given a banned address
    guard = Guard(Clock())
    for _ in range(limits.ENDPOINT_WRONG_LOGINS_MAX):
        guard.note_wrong(HOST)

    # when it is asked; then the end is a ban's length away
    ((address, until),) = guard.banned()
    ((_, later),) = guard.banned()
    assert address == HOST
    assert later - until < timedelta(seconds=60)


def _write(path: Path, accounts: Accounts) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(accounts.to_json())
    fresh.replace(path)
