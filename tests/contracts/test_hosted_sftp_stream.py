"""The stream of hosted SFTP: a client that does not listen, keys that change in mid-transfer, many requests at once."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from paramiko import sftp as wire

from storage.records.boxes import Account
from tests.fakes.endpoints import EndpointsProcess
from tests.fakes.programs import require
from tests.fakes.service import wait_until
from tests.fakes.sftp_guest import WAIT_S, Guest

_CONTENT = bytes(range(256)) * 16 * 1024
_REKEY_BYTES = 1024**2
_PROGRAM = f"""
from engine.endpoints import __main__, sftp_line
sftp_line._Packets.REKEY_BYTES = {_REKEY_BYTES}
__main__._main()
"""
_READ_BYTES = 32 * 1024
_OPTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    """Serve with keys that are changed by us each mebibyte, instead of each half gibibyte."""
    folder = tmp_path_factory.mktemp("hosted")
    key = [require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")]
    subprocess.run(key, check=True)
    line = (folder / "key.pub").read_text().strip()
    endpoints = EndpointsProcess(folder / "home")
    endpoints.program = ("-c", _PROGRAM)
    for number in range(2):
        endpoints.add_key(endpoints.add_login(name=f"key{number}"), line)
        endpoints.add_login(name=f"pass{number}")
    with endpoints:
        endpoints.port()
        yield endpoints


def _login(server: EndpointsProcess, name: str) -> Account:
    (found,) = [item for item in server.accounts if item.username == name]
    return found


@pytest.mark.parametrize(("name", "limit"), [("key0", "default"), ("key1", "300K")])
def test_keys_that_change_in_the_middle_leave_every_byte_as_it_was(
    server: EndpointsProcess, tmp_path: Path, name: str, limit: str
) -> None:
    # given OpenSSH, which itself wants new keys now and then, or leaves it to us
    login = _login(server, name)
    (tmp_path / "up.csv").write_bytes(_CONTENT)
    options = [word for option in (*_OPTIONS, f"RekeyLimit={limit}") for word in ("-o", option)]
    command = [require("sftp"), "-q", "-b", "-", "-i", str(server.home.parent / "key"), *options]
    lines = "".join(f"put {tmp_path}/up.csv a.csv\nget a.csv {tmp_path}/down{number}.csv\n" for number in range(2))
    # when
    done = subprocess.run(
        [*command, "-P", str(server.port()), f"{login.username}@127.0.0.1"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # then
    assert done.returncode == 0, done.stderr
    assert [(tmp_path / f"down{number}.csv").read_bytes() == _CONTENT for number in range(2)] == [True, True]
    assert [item.size_bytes for item in server.landed_of(login)] == [len(_CONTENT)] * 2


def test_a_client_that_asks_for_much_and_does_not_listen_holds_up_nobody_and_gets_it_all_later(
    server: EndpointsProcess,
) -> None:
    # given a client whose window is far smaller than what it asks for
    login = _login(server, "pass0")
    with Guest(server.port(), login.username) as other:
        other.put("a.csv", _CONTENT)
        guest = Guest(server.port(), login.username)
        guest.sign_in()
        channel = guest.transport.open_session(window_size=2 * _READ_BYTES, max_packet_size=_READ_BYTES)
        channel.settimeout(WAIT_S)
        channel.invoke_subsystem("sftp")
        _ask(channel, wire.CMD_INIT, struct.pack(">I", 3))
        assert _answer(channel)[0] == wire.CMD_VERSION
        _ask(channel, wire.CMD_OPEN, struct.pack(">I", 1) + _text(b"a.csv") + struct.pack(">II", 1, 0))
        kind, opened = _answer(channel)
        assert kind == wire.CMD_HANDLE
        handle = opened[4:]
        # when
        count = len(_CONTENT) // _READ_BYTES
        for number in range(count):
            place = struct.pack(">QI", number * _READ_BYTES, _READ_BYTES)
            _ask(channel, wire.CMD_READ, struct.pack(">I", number) + handle + place)
        # then another one is served meanwhile
        wait_until(channel.recv_ready, 30)
        other.put("b.csv", b"row\n")
        assert other.get("b.csv") == b"row\n"
        # then all of it comes, in order
        found = [_answer(channel) for _ in range(count)]
        assert [int.from_bytes(data[:4], "big") for _, data in found] == list(range(count))
        assert b"".join(data[8:] for _, data in found) == _CONTENT
        guest.close()


def test_what_was_asked_before_the_client_said_it_is_done_is_answered(server: EndpointsProcess) -> None:
    # given
    login = _login(server, "pass1")
    guest = Guest(server.port(), login.username)
    guest.sign_in()
    channel = guest.transport.open_session()
    channel.settimeout(WAIT_S)
    channel.invoke_subsystem("sftp")
    # when everything is sent in one go, with the end behind it
    asked = [
        (wire.CMD_INIT, struct.pack(">I", 3)),
        (wire.CMD_OPEN, struct.pack(">I", 1) + _text(b"a.csv") + struct.pack(">II", 0x1A, 0)),
        (wire.CMD_WRITE, struct.pack(">I", 2) + _text(b"hx1") + struct.pack(">Q", 0) + _text(b"row\n")),
        (wire.CMD_CLOSE, struct.pack(">I", 3) + _text(b"hx1")),
    ]
    channel.sendall(b"".join(_packet(*one) for one in asked))
    channel.shutdown_write()
    # then
    kinds = [_answer(channel)[0] for _ in asked]
    assert kinds == [wire.CMD_VERSION, wire.CMD_HANDLE, wire.CMD_STATUS, wire.CMD_STATUS]
    assert channel.recv_exit_status() == 0
    assert [item.name for item in server.landed_of(login)] == ["a.csv"]
    guest.close()


def _ask(channel: paramiko.Channel, kind: int, data: bytes) -> None:
    channel.sendall(_packet(kind, data))


def _packet(kind: int, data: bytes) -> bytes:
    return struct.pack(">IB", len(data) + 1, kind) + data


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _answer(channel: paramiko.Channel) -> tuple[int, bytes]:
    size = int.from_bytes(_exactly(channel, 4), "big")
    data = _exactly(channel, size)
    return data[0], data[1:]


def _exactly(channel: paramiko.Channel, size_bytes: int) -> bytes:
    found = b""
    while len(found) < size_bytes:
        more = channel.recv(size_bytes - len(found))
        assert more, "the server ended"
        found += more
    return found
