"""Resolves the name of a server once and judges each address before anything connects (faults rows 70-72)."""

import ipaddress
import queue
import socket
import threading
import unicodedata
from collections.abc import Callable, Sequence

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, TryAgain
from engine.transfer.names import shown

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""Returns the numeric addresses of a name; raises OSError where there is none."""

_EMBEDS_IPV4 = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("::/96", "2001::/32", "2002::/16", "fec0::/10", "64:ff9b:1::/48")))
"""Old ways to say an IPv4 address in IPv6, and old private ranges; not every Python counts them as such."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def checked(
    host: str,
    port: int,
    allow: Sequence[str],
    own: Sequence[tuple[str, int]],
    resolve: Resolver = system_resolver,
) -> tuple[str, ...]:
    """Return the numeric addresses of a server that may be connected to, in the resolver's order.

    Connect to what this returned and to nothing else: a name that is resolved again may lead elsewhere.

    Args:
        host: A name or an address.
        port: Where the server listens; compared with our own endpoints.
        allow: Networks and addresses that are not public and may be reached all the same.
        own: (address, port) of our own endpoints, which are never reached.
        resolve: Of names; a name with one refused address is refused whole.

    Raises:
        BadInput: A number written in an odd way.
        GiveUp: Category NOT_ALLOWED; the sentence names the policy.
        TryAgain: The name was not found, or not in time.
    """
    literal = _literal(host)
    found = [literal] if literal else _resolved(host, port, resolve)
    networks = [ipaddress.ip_network(network) for network in allow]
    for address in found:
        refusal = _refusal(host, address, networks) or _own_refusal(host, address, port, own)
        if refusal:
            raise refusal
    return tuple(dict.fromkeys(str(address) for address in found))


def _literal(host: str) -> Address | None:
    """Return the address that a host is written as, None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
        if _is_number(plain) or _is_number(plain.removesuffix(".")) or any(mark in host for mark in ":[]%"):
            raise _odd(host) from None
        return None
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.scope_id):
        raise _odd(host)
    return address


def _is_number(text: str) -> bool:
    """Say whether the operating system would read this as an IPv4 address: 127.1, 0x7f000001, 2130706433, 0."""
    try:
        socket.inet_aton(text)
    except (OSError, ValueError):
        return False
    return True


def _odd(host: str) -> BadInput:
    return BadInput(
        f"{shown(host)} is an address written in an odd way, which the policy for addresses refuses; "
        "write it as four numbers such as 192.0.2.10, or as the server's name.",
        "host",
    )


def _resolved(host: str, port: int, resolve: Resolver) -> list[Address]:
    """Resolve in a thread, because the operating system's resolver knows no time-out."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, ValueError) as error:  # gaierror is an OSError; a label that is too long is a UnicodeError
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=limits.CONNECT_WAIT_S_MAX)
    except queue.Empty:
        raise TryAgain(
            f"{shown(host)} took longer than {limits.CONNECT_WAIT_S_MAX:g} s to be found by name; "
            "the next run tries again.",
            Category.TIMEOUT,
        ) from None
    if isinstance(found, Exception) or not found:
        raise TryAgain(f"The server name {shown(host)} was not found; check how it is written.")
    return [ipaddress.ip_address(address) for address in found]


def _refusal(
    host: str, address: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> HandoffError | None:
    where = shown(host) if str(address) == host else f"{shown(host)} leads to {address}, which"
    for kind, is_so in (
        ("link-local", address.is_link_local),
        ("multicast", address.is_multicast),
        ("unspecified", address.is_unspecified),
    ):
        if is_so:
            return GiveUp(
                f"{where} is a {kind} address, and the policy for addresses never lets one be reached; "
                "enter the address of the partner's own server.",
                Category.NOT_ALLOWED,
            )
    if any(address in network for network in networks):
        return None
    if not _is_public(address):
        kind = "loopback" if address.is_loopback else "private"
        return GiveUp(
            f"{where} is a {kind} address, and the policy network.allow in settings.yaml does not name it; "
            "ask an administrator to add it, or enter a public server.",
            Category.NOT_ALLOWED,
        )
    return None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or any(address in network for network in _NOT_PUBLIC):
            return False
        if address in _EMBEDS_IPV4:
            return ipaddress.IPv4Address(address.packed[-4:]).is_global
    return address.is_global


def _own_refusal(host: str, address: Address, port: int, own: Sequence[tuple[str, int]]) -> HandoffError | None:
    for listening, own_port in own:
        if own_port != port:
            continue
        is_everywhere = listening in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not listened at
        if (is_everywhere and _is_of_this_machine(address)) or listening == str(address):
            return GiveUp(
                f"{shown(host)}:{port} is an endpoint of this installation, and the policy for addresses lets no "
                "connection lead back to it; enter the partner's server.",
                Category.NOT_ALLOWED,
            )
    return None


def _is_of_this_machine(address: Address) -> bool:
    """Say whether the address is one of this machine's own: only those can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
