"""One SSH connection as the hosted SFTP server speaks it: algorithms, bounds against strangers, and nothing logged."""

import contextlib
import hmac
import socket
import struct
from typing import Any

import paramiko
from paramiko import common, packet, util
from paramiko.auth_handler import AuthHandler
from paramiko.packet import Packetizer

from engine.base import limits
from engine.endpoints.sftp_stream import Stream

_PACKET_BYTES_MAX = 512 * 1024
_READ_AHEAD_BYTES = 64 * 1024
_SOCKET_LOOK_S = 2
_ONLY_SFTP = b"This server speaks SFTP only: use sftp, or scp without -O.\r\n"

# What is known of paramiko's types ends at its public half; what is told apart here lies in the other one.
_Transport: Any = paramiko.Transport
_AuthHandler: Any = AuthHandler
_Packetizer: Any = Packetizer
_packet: Any = packet
_util: Any = util

# paramiko compares each packet's MAC byte by byte in Python, and makes it in three steps; a small request felt it.
# The standard library does both in C, with the same answers.
_util.constant_time_bytes_eq = hmac.compare_digest
_packet.compute_hmac = hmac.digest


class _Ahead:
    """A socket that is read in large steps; paramiko asks for the few bytes of a packet's beginning, then the rest.

    The kernel keeps its time-outs: Python's own ask before each call whether it would wait, and with many sessions
    each question costs more than the call itself, for every thread has to wait for its turn again after it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._here = memoryview(b"")

    def keep_time(self) -> None:
        """Wait no longer than _SOCKET_LOOK_S in one call, instead of whatever time-out was set before."""
        self._connection.settimeout(None)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._connection.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", _SOCKET_LOOK_S, 0))

    def take(self, size_bytes: int) -> bytes | None:
        """Return just so many bytes where they are here already, else None."""
        if len(self._here) < size_bytes:
            return None
        found, self._here = self._here[:size_bytes], self._here[size_bytes:]
        return bytes(found)

    def recv(self, size_bytes: int) -> bytes:
        """Return what is here already, else what comes next; empty at the end."""
        if not self._here:
            try:
                self._here = memoryview(self._connection.recv(_READ_AHEAD_BYTES))
            except BlockingIOError:
                raise TimeoutError from None
        found, self._here = self._here[:size_bytes], self._here[size_bytes:]
        return bytes(found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Packets(_Packetizer):  # type: ignore[misc]  # see _Packetizer
    """Packets of a bounded size: a stranger's length field must not fill the memory."""

    def __init__(self, connection: socket.socket) -> None:
        self.ahead = _Ahead(connection)
        super().__init__(self.ahead)

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002 - as paramiko calls it
        if n > _PACKET_BYTES_MAX:
            raise paramiko.SSHException("Packet too large")
        # What paramiko read behind the banner comes first.
        found = None if self._Packetizer__remainder else self.ahead.take(n)
        if found is not None:
            return found
        return bytes(super().read_all(n, check_rekey))

    def start_handshake(self, timeout: float) -> None:
        """Start no timer: it would be a thread a connection, and ends with the first packet; our looking does more."""


class _NoKey:
    """Stands for a key of a kind that is not taken: it is refused like any other, and the next one is heard."""

    def get_name(self) -> str:
        return ""

    def get_base64(self) -> str:
        return ""


class _Auth(_AuthHandler):  # type: ignore[misc]  # see _AuthHandler
    """Signing in; an odd key in a client's agent does not end the connection."""

    def _generate_key_from_request(self, algorithm: str, keyblob: bytes) -> Any:
        try:
            key = super()._generate_key_from_request(algorithm, keyblob)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is one key that does not fit
            key = None
        return key or _NoKey()


class Line(_Transport):  # type: ignore[misc]  # see _Transport
    """One connection, with modern algorithms; hmac-sha2-256 stays for clients without ETM and GCM (faults row 22)."""

    auth_handler: Any
    _CLIENT_ID = "Handoff"
    _active_check_timeout = _SOCKET_LOOK_S
    _preferred_ciphers = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
    _preferred_macs = (
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
    )
    _preferred_keys = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    _preferred_kex = tuple(
        name
        for name in _Transport._preferred_kex  # noqa: SLF001 - the way that paramiko gives
        if "nistp" not in name and "group-exchange" not in name
    )

    def __init__(self, connection: socket.socket) -> None:
        """Belong to one connection; nothing is said yet."""
        super().__init__(connection, default_window_size=limits.SFTP_SERVER_WINDOW_BYTES, packetizer_class=_Packets)
        self.packetizer.ahead.keep_time()
        self.streams: dict[int, Stream] = {}

    def run(self) -> None:
        """Serve until the connection ends, and say so at once: its place is somebody else's then."""
        try:
            super().run()
        finally:
            for stream in self.streams.values():
                stream.end()
            self.server_object.has_ended()

    def _parse_newkeys(self, m: Any) -> None:
        if self.auth_handler is None:
            self.auth_handler = _Auth(self)
        super()._parse_newkeys(m)
        for stream in list(self.streams.values()):
            stream.go_on()

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        """Hold the channel until it closes; paramiko itself holds it weakly, and its queue is for others."""
        self.server_object.hold(channel)

    def _log(self, level: int, msg: Any, *args: Any) -> None:
        """Say nothing: what strangers send does not belong into our log."""


def _stream(channel: Any) -> Stream | None:
    found: Stream | None = channel.transport.streams.get(channel.get_id())
    return found


def _feed(channel: Any, message: Any) -> None:
    """Give a channel's data to its stream; nobody reads that of any other."""
    stream = _stream(channel)
    if stream is not None:
        stream.feed(message.get_binary())


def _widened(channel: Any, message: Any) -> None:
    channel._window_adjust(message)  # noqa: SLF001 - what the table held before
    stream = _stream(channel)
    if stream is not None:
        stream.go_on()


def _client_has_ended(channel: Any, message: Any) -> None:
    channel._handle_eof(message)  # noqa: SLF001 - what the table held before
    stream = _stream(channel)
    if stream is not None:
        stream.client_has_ended()


def _closed(channel: Any, message: Any) -> None:
    stream = channel.transport.streams.pop(channel.get_id(), None)
    channel._handle_close(message)  # noqa: SLF001 - what the table held before
    if stream is not None:
        stream.end()


def _request(channel: Any, message: Any) -> None:
    """Answer a request of a channel; one that was let in only to be told why not is told now, after its answer."""
    channel._handle_request(message)  # noqa: SLF001 - what the table held before
    if channel.transport.server_object.is_to_be_told(channel):
        with contextlib.suppress(OSError, EOFError):
            channel.send_stderr(_ONLY_SFTP)
            channel.send_exit_status(1)
            channel.close()


Line._channel_handler_table = {  # noqa: SLF001 - the way that paramiko gives
    **_Transport._channel_handler_table,  # noqa: SLF001 - the same
    common.MSG_CHANNEL_DATA: _feed,
    common.MSG_CHANNEL_WINDOW_ADJUST: _widened,
    common.MSG_CHANNEL_EOF: _client_has_ended,
    common.MSG_CHANNEL_CLOSE: _closed,
    common.MSG_CHANNEL_REQUEST: _request,
    # Nobody has anything to say to us on "stderr"; kept, it would fill the memory.
    common.MSG_CHANNEL_EXTENDED_DATA: lambda _channel, _message: None,
}
