"""The stream of one SFTP channel, served by the connection's own thread: whole requests come out, answers go in order.

A second thread for each channel would have to be woken for each request, and with many sessions the waking costs more
than most requests. In exchange nothing here may wait for the client, for it is this thread that hears it: what does
not fit into the client's window, or comes while keys are exchanged, lies in `_out`, and no further request is taken
until it has gone.
"""

from collections.abc import Callable
from typing import Any

import paramiko
from paramiko import common
from paramiko import sftp as wire
from paramiko.message import Message

from engine.base import limits

REQUEST_BYTES_MAX = limits.ENDPOINT_BLOCK_BYTES_MAX + 4_096
_HEAD_BYTES = 4
_WRAPPING_BYTES = 64
_IN_BYTES_MAX = 2 * limits.SFTP_SERVER_WINDOW_BYTES


class Stream:
    """One channel's requests and answers; everything is called in the thread of its connection."""

    def __init__(self, channel: Any, answer: Callable[[int, bytes], None], finish: Callable[[], None]) -> None:
        """Belong to one channel.

        Args:
            channel: paramiko's channel.
            answer: Takes each request, its kind and the rest, and calls `put` for what it answers.
            finish: Is called once, when nothing more comes or may be said.
        """
        self.is_open = True
        self._channel = channel
        self._answer = answer
        self._finish = finish
        self._in = bytearray()
        self._out = bytearray()
        self._has_client_ended = False

    def feed(self, data: bytes) -> None:
        """Take what came, and answer as far as the client hears.

        Raises:
            SSHException: The client sent more than its window allows.
        """
        if len(self._in) + len(data) > _IN_BYTES_MAX:
            raise paramiko.SSHException("The window was ignored")
        self._in += data
        self.go_on()

    def put(self, kind: int, payload: bytes) -> None:
        """Say one answer; it goes before the next request is taken."""
        self._out += (len(payload) + 1).to_bytes(_HEAD_BYTES, "big")
        self._out.append(kind)
        self._out += payload

    def go_on(self) -> None:
        """Send and answer what can be, for instance now that the window is larger or new keys are there."""
        if not self.is_open:
            return
        try:
            while self._is_all_sent():
                request = self._next_request()
                if request is None:
                    break
                self._answer(request[0], request[1:])
        except (EOFError, OSError, wire.SFTPError):
            self.end()
            return
        if self._has_client_ended and self._may_send() and not self._out:
            self.end()

    def client_has_ended(self) -> None:
        """The client sends nothing more; what it sent is answered still."""
        self._has_client_ended = True
        self.go_on()

    def end(self) -> None:
        """Say no more. Can be called again."""
        if self.is_open:
            self.is_open = False
            self._finish()

    def _may_send(self) -> bool:
        # While keys are exchanged paramiko lets a sender wait, and what it waits for is heard by this thread.
        return bool(self._channel.transport.clear_to_send.is_set())

    def _is_all_sent(self) -> bool:
        if not self._may_send():
            return False
        while self._out:
            room = min(self._channel.out_window_size, self._channel.out_max_packet_size - _WRAPPING_BYTES)
            if room <= 0:
                return False
            sent = self._channel.send(bytes(self._out[:room]))
            if sent <= 0:
                raise EOFError
            del self._out[:sent]
        return True

    def _next_request(self) -> bytes | None:
        """Take a request from what came, None where it is not whole yet."""
        size_bytes = int.from_bytes(self._in[:_HEAD_BYTES], "big")
        if len(self._in) >= _HEAD_BYTES and not 0 < size_bytes <= REQUEST_BYTES_MAX:
            raise wire.SFTPError("Garbage packet received")
        end = _HEAD_BYTES + size_bytes
        if len(self._in) < max(end, _HEAD_BYTES + 1):
            return None
        request = bytes(self._in[_HEAD_BYTES:end])
        del self._in[:end]
        self._widen(end)
        return request

    def _widen(self, size_bytes: int) -> None:
        """Let the client send as much more as was taken."""
        channel = self._channel
        more_bytes = channel._check_add_window(size_bytes)  # noqa: SLF001 - what its own reading does
        if more_bytes > 0:
            message = Message()
            message.add_byte(common.cMSG_CHANNEL_WINDOW_ADJUST)
            message.add_int(channel.remote_chanid)
            message.add_int(more_bytes)
            channel.transport._send_user_message(message)  # noqa: SLF001 - the same
