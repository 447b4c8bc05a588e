"""Who may connect: connections per address and in all, wrong logins, and bans that expire."""

import ipaddress
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from engine.base import clock, limits


class Guard:
    """Counts what each address does; one for all protocols of the process, safe between threads."""

    def __init__(self, monotonic_s: Callable[[], float] = clock.monotonic_s) -> None:
        """Know nobody yet; monotonic_s is a clock that never jumps."""
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._open: Counter[tuple[str, str]] = Counter()
        self._total: Counter[str] = Counter()
        self._wrong: dict[str, deque[float]] = defaultdict(deque)
        self._banned_until_s: dict[str, float] = {}

    def admit(self, protocol: str, address: str) -> bool:
        """Count a connection in and say True; False, and nothing counted, where it is to be closed at once."""
        host = _host(address)
        with self._lock:
            if self._is_banned(host):
                return False
            if self._open[protocol, host] >= limits.ENDPOINT_SESSIONS_PER_ADDRESS_MAX:
                return False
            if self._total[protocol] >= limits.ENDPOINT_SESSIONS_MAX:
                return False
            self._open[protocol, host] += 1
            self._total[protocol] += 1
            return True

    def leave(self, protocol: str, address: str) -> None:
        """Count a connection out that was admitted."""
        host = _host(address)
        with self._lock:
            self._open[protocol, host] -= 1
            self._total[protocol] -= 1
            if self._open[protocol, host] <= 0:
                del self._open[protocol, host]

    def sessions(self, protocol: str) -> int:
        """Return how many connections are open."""
        with self._lock:
            return self._total[protocol]

    def note_wrong(self, address: str) -> None:
        """Count a wrong login, or a guessed address of mail; enough of them ban the address for a while."""
        host = _host(address)
        now_s = self._monotonic_s()
        with self._lock:
            tries = self._wrong[host]
            tries.append(now_s)
            while tries and tries[0] <= now_s - limits.ENDPOINT_WRONG_LOGINS_WITHIN_S:
                tries.popleft()
            if len(tries) >= limits.ENDPOINT_WRONG_LOGINS_MAX:
                self._ban(host, now_s)
                del self._wrong[host]
            if len(self._wrong) > limits.ENDPOINT_ADDRESSES_KEPT_MAX:
                self._forget_old(now_s)

    def is_banned(self, address: str) -> bool:
        """Say whether nothing is taken from this address now."""
        with self._lock:
            return self._is_banned(_host(address))

    def banned(self) -> tuple[tuple[str, datetime], ...]:
        """Return (address, until when in UTC) of those that are banned now."""
        now_s, now = self._monotonic_s(), clock.now()
        with self._lock:
            return tuple(
                (host, now + timedelta(seconds=until_s - now_s))
                for host, until_s in sorted(self._banned_until_s.items())
                if until_s > now_s
            )

    def _ban(self, host: str, now_s: float) -> None:
        # Anew, so that they stand in the order in which they end.
        self._banned_until_s.pop(host, None)
        self._banned_until_s[host] = now_s + limits.ENDPOINT_BAN_S
        oldest = next(iter(self._banned_until_s))
        while self._banned_until_s[oldest] <= now_s or len(self._banned_until_s) > limits.ENDPOINT_ADDRESSES_KEPT_MAX:
            del self._banned_until_s[oldest]
            oldest = next(iter(self._banned_until_s))

    def _is_banned(self, host: str) -> bool:
        until_s = self._banned_until_s.get(host)
        if until_s is None:
            return False
        if until_s > self._monotonic_s():
            return True
        del self._banned_until_s[host]
        return False

    def _forget_old(self, now_s: float) -> None:
        for host in [
            host
            for host, tries in self._wrong.items()
            if not tries or tries[-1] <= now_s - limits.ENDPOINT_WRONG_LOGINS_WITHIN_S
        ]:
            del self._wrong[host]
        while len(self._wrong) > limits.ENDPOINT_ADDRESSES_KEPT_MAX:
            del self._wrong[next(iter(self._wrong))]


def _host(address: str) -> str:
    """Return what is counted as one host: an IPv4 address, or the 64 bits of IPv6 that one customer has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found.is_loopback:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
