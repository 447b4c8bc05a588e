"""Which servers may be reached: each address is judged before anything connects, and only that is connected to."""

import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, TryAgain
from engine.transfer import addresses
from engine.transfer.addresses import Resolver, checked
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.openssh import OpenSSH
from tests.rooms.transfer.conftest import Reach

_USUAL = ("127.0.0.1", "::1")
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - compared, not listened at


def _resolver(*found: str) -> Resolver:
    return lambda _host, _port: found


def _nobody(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host}:{port} was resolved")


@pytest.mark.fault(70)
@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0",
        "127.0.0.1.",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:8.8.8.8",
        "[::1]",
        "fe80::1%lo",
    ],
)
def test_numbers_written_in_an_odd_way_are_refused(host: str) -> None:
    with pytest.raises(BadInput, match="the policy for addresses") as caught:
        checked(host, 22, _USUAL, (), _nobody)
    assert caught.value.category is Category.INPUT


@pytest.mark.fault(70)
@pytest.mark.parametrize("how", ["written", "resolved"])
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - refused, not listened at
        ("::", "unspecified"),
    ],
)
def test_some_addresses_are_never_reached_whatever_is_allowed(address: str, kind: str, how: str) -> None:
    host = address if how == "written" else "files.example.com"
    with pytest.raises(GiveUp, match=f"is a {kind} address, and the policy for addresses never") as caught:
        checked(host, 22, ("0.0.0.0/0", "::/0"), (), _resolver(address))
    assert caught.value.category is Category.NOT_ALLOWED


@pytest.mark.fault(70)
@pytest.mark.parametrize(
    ("host", "port", "own", "is_refused"),
    [
        ("127.0.0.1", 2222, ("127.0.0.1", 2222), True),
        ("127.0.0.1", 2223, ("127.0.0.1", 2222), False),
        ("files.example.com", 2222, ("127.0.0.1", 2222), True),
        ("127.0.0.1", 2222, (_EVERYWHERE, 2222), True),
        ("::1", 2222, ("::", 2222), True),
        ("192.0.2.1", 2222, (_EVERYWHERE, 2222), False),
        ("files.example.com", 2222, ("::1", 2222), False),
    ],
)
def test_our_own_endpoints_are_never_reached(
    host: str,
    port: int,
    own: tuple[str, int],
    is_refused: bool,  # noqa: FBT001 - a case
) -> None:
    def ask() -> tuple[str, ...]:
        return checked(host, port, (*_USUAL, "192.0.2.0/24"), (own,), _resolver("127.0.0.1"))

    if is_refused:
        with pytest.raises(GiveUp, match="an endpoint of this installation") as caught:
            ask()
        assert caught.value.category is Category.NOT_ALLOWED
    else:
        assert ask()


@pytest.mark.fault(72)
@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "240.0.0.1", "127.0.0.2", "fd00::1"],
)
def test_private_ranges_are_reached_only_where_an_administrator_lists_them(address: str) -> None:
    for host in (address, "files.example.com"):
        with pytest.raises(GiveUp, match=r"the policy network\.allow in settings\.yaml") as caught:
            checked(host, 22, _USUAL, (), _resolver(address))
        assert caught.value.category is Category.NOT_ALLOWED
        network = f"{address}/32" if "." in address else f"{address}/64".replace("::1/", "::/")
        assert checked(host, 22, (network,), (), _resolver(address)) == (address,)


@pytest.mark.parametrize("address", ["64:ff9b::7f00:1", "fec0::1", "2002:7f00:1::", "::127.0.0.1"])
def test_addresses_that_hold_another_one_are_not_public(address: str) -> None:
    with pytest.raises(HandoffError, match="policy"):
        checked(address, 22, _USUAL, ())


def test_public_addresses_and_this_machine_are_reached() -> None:
    assert checked("8.8.8.8", 22, _USUAL, (), _nobody) == ("8.8.8.8",)
    assert checked("::1", 22, _USUAL, (), _nobody) == ("::1",)
    found = checked("files.example.com", 22, _USUAL, (), _resolver("8.8.8.8", "2001:4860:4860::8888", "8.8.8.8"))
    assert found == ("8.8.8.8", "2001:4860:4860::8888")
    assert set(checked("localhost", 22, _USUAL, ())) <= {"127.0.0.1", "::1"}


@pytest.mark.fault(71)
def test_a_name_with_one_refused_address_is_refused_whole() -> None:
    with pytest.raises(GiveUp, match=r"leads to 10\.0\.0\.1, which is a private address"):
        checked("files.example.com", 22, _USUAL, (), _resolver("8.8.8.8", "10.0.0.1"))


@pytest.mark.fault(71)
def test_a_name_that_answers_otherwise_the_second_time_is_reached_where_it_was_judged(
    sftp_server: OpenSSH, tmp_path: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a name that leads to the true server once, and to our metadata service ever after
    answers = iter([["127.0.0.1"]])
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in next(answers, ["169.254.169.254"])]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with AsyncsshServer(tmp_path) as server:
        there = reach(server, host="files.example.com")
        # when
        listing = there.list_folder("/")
        again = there.list_folder("/")  # the same worker would connect again after a cut
        # then
        assert listing == again
        assert asked == ["files.example.com"]
        with pytest.raises(GiveUp, match="link-local"):
            reach(server, host="files.example.com").list_folder("/")
    assert sftp_server.auth_attempts() == []


def test_a_name_that_is_not_found_or_not_in_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(f"{host}:{port}")

    def slow(host: str, port: int) -> Sequence[str]:
        never.wait(30)
        return [f"{host}:{port}"]

    never = threading.Event()
    with pytest.raises(TryAgain, match=r"files\.example\.com was not found"):
        checked("files.example.com", 22, _USUAL, (), unknown)
    with pytest.raises(TryAgain, match="was not found"):
        checked("files.example.com", 22, _USUAL, (), _resolver())
    with pytest.raises(TryAgain, match="was not found"):
        checked("a" * 70 + ".example.com", 22, _USUAL, ())
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.2)
    with pytest.raises(TryAgain, match=r"took longer than 0\.2 s to be found by name") as caught:
        checked("files.example.com", 22, _USUAL, (), slow)
    never.set()
    assert caught.value.category is Category.TIMEOUT


def test_the_operating_system_is_asked_for_names() -> None:
    assert set(addresses.system_resolver("localhost", 22)) <= {"127.0.0.1", "::1"}
