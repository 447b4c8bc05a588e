"""The hosted SFTP server: listens, signs in by key or password, gives SFTP and nothing else, and ends who may not stay.

Keeper of paramiko in this room, with sftp_line, sftp_stream and sftp_server. Each session has a thread; one more
looks for those that are silent, and the accounts' watcher ends those whose account is not current any more.
"""

import contextlib
import logging
import socket
import threading
from collections import deque
from typing import Any

import paramiko
from paramiko import common

from engine.base import clock, limits, log
from engine.endpoints.ground import EndpointFault, Ground
from engine.endpoints.jail import Jail
from engine.endpoints.sftp_line import Line
from engine.endpoints.sftp_server import SftpServer
from engine.security import host_keys, provisioning
from storage.records.boxes import Account

PROTOCOL = "sftp"
_CHANNELS_MAX = 16
_CHANNELS_EVER_MAX = 1_000
_FAILS_OF_PARAMIKO = 10
_WAITING_MAX = 100
_WAITING_LOOK_S = 0.05
_Waiting = tuple[socket.socket, str, float]


class _Session(paramiko.ServerInterface):
    """One connection: who it is, what it may ask, and when it was heard of last."""

    def __init__(self, endpoint: "SftpEndpoint", connection: socket.socket, address: str) -> None:
        self._endpoint = endpoint
        self._socket = connection
        self.address = address
        self.account: Account | None = None
        self.is_ended = False
        self._wrong = 0
        self._channels: list[paramiko.Channel] = []
        self._channels_ever = 0
        self._to_be_told: set[int] = set()
        self._served: set[int] = set()
        self._servers: list[SftpServer] = []
        self._began_s = self._heard_s = clock.monotonic_s()
        self.transport = Line(connection)
        for key in endpoint.keys:
            self.transport.add_server_key(key)

    def start(self) -> None:
        self.transport.start_server(event=threading.Event(), server=self)

    def hold(self, channel: paramiko.Channel) -> None:
        self._channels = [item for item in self._channels if not item.closed] + [channel]

    def note_alive(self) -> None:
        self._heard_s = clock.monotonic_s()

    def is_over(self) -> bool:
        """Say whether it has ended, or has to for its silence; the waits grow with what it has shown."""
        if not self.transport.is_active():
            return self.transport.ident is not None  # else it is about to begin
        now_s = clock.monotonic_s()
        if self.transport.is_authenticated():
            return now_s - self._heard_s > limits.ENDPOINT_IDLE_S_MAX
        wait_s = (
            limits.ENDPOINT_SIGN_IN_WAIT_S_MAX if self.transport.initial_kex_done else limits.ENDPOINT_LOGIN_WAIT_S_MAX
        )
        return now_s - self._began_s > wait_s

    def end(self) -> None:
        """Cut it; what was sent and not answered has no effect any more."""
        self.is_ended = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.transport.close()

    def has_ended(self) -> None:
        self._endpoint.forget(self)

    # --- what paramiko asks; the names are its own ------------------------------------------------

    def get_allowed_auths(self, username: str) -> str:
        del username  # the same for everybody: who is known is not told
        return "publickey,password"

    def check_auth_password(self, username: str, password: str | bytes) -> int:
        text = password if isinstance(password, str) else password.decode("utf-8", "surrogateescape")
        ground = self._endpoint.ground
        if not ground.guard.is_banned(self.address):
            account = ground.directory.login(PROTOCOL, username, text, self.address)
            if account is not None:
                return self._let_in(account)
        self._wrong += 1
        if self._wrong >= limits.ENDPOINT_LOGIN_TRIES_MAX and self.transport.auth_handler is not None:
            # After this answer paramiko says goodbye.
            self.transport.auth_handler.auth_fail_count = _FAILS_OF_PARAMIKO - 1
        return common.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: Any) -> int:
        ground = self._endpoint.ground
        line = f"{key.get_name()} {key.get_base64()}"
        account = ground.directory.key_login(PROTOCOL, username, line)
        return common.AUTH_FAILED if account is None else self._let_in(account)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del chanid
        self._channels_ever += 1
        if kind != "session":
            return common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        is_much = sum(not item.closed for item in self._channels) >= _CHANNELS_MAX
        if is_much or self._channels_ever > _CHANNELS_EVER_MAX:
            return common.OPEN_FAILED_RESOURCE_SHORTAGE
        return common.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        account = self.account
        # Once a channel, and never two answers to one request.
        if name != PROTOCOL or channel.get_id() in self._served or account is None:
            return False
        if not self._endpoint.ground.directory.is_current(account):
            return False
        jail = Jail(account, self._endpoint.ground.boxes, self.address)
        server = SftpServer(channel, name, self, jail, self.note_alive, lambda: self.is_ended)
        self._served.add(channel.get_id())
        self._servers = [item for item in self._servers if item.stream.is_open] + [server]
        self.transport.streams[channel.get_id()] = server.stream
        return True

    def open_files(self) -> int:
        """Return how many files and folders are open in all its channels."""
        return sum(item.open_files for item in self._servers)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        # `scp -O` shows no words to its user unless its command runs: it runs, and all it does is to say why not.
        if not command.startswith(b"scp "):
            return False
        self._to_be_told.add(channel.get_id())
        return True

    def is_to_be_told(self, channel: paramiko.Channel) -> bool:
        found = channel.get_id() in self._to_be_told
        self._to_be_told.discard(channel.get_id())
        return found

    def _let_in(self, account: Account) -> int:
        # Asked once for "would this key do" and once with its signature: what counts is checked when SFTP begins.
        self.account = account
        self.note_alive()
        return common.AUTH_SUCCESSFUL


class SftpEndpoint:
    """The server with all its sessions."""

    def __init__(self, ground: Ground) -> None:
        """Belong to one process; nothing listens yet."""
        self.ground = ground
        self.port = 0
        self.fingerprint = ""
        self.keys: list[paramiko.PKey] = []
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._sessions: set[_Session] = set()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Listen, in threads of its own.

        Raises:
            EndpointFault: A host key is lost or changed, or the port is taken.
        """
        logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
        self.keys = [self._key(name, file) for name, file in host_keys.FILES.items()]
        self.fingerprint = _fingerprint(self.keys[0])
        self._socket = self._listen()
        self.port = self._socket.getsockname()[1]
        self.ground.directory.on_change(self.end_revoked)
        for name, work in (("sftp-accept", self._accept), ("sftp-silent", self._end_silent)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def renew(self) -> None:
        """Nothing: SFTP has no certificate, and its host keys never change."""

    def stop(self) -> None:
        """Listen no more and end all sessions; what they were uploading stays pending."""
        self._stopping.set()
        self.ground.directory.forget(self.end_revoked)
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        for session in self._open_sessions():
            session.end()

    def forget(self, session: _Session) -> None:
        """Count a session out that has ended. Can be called again."""
        with self._lock:
            if session not in self._sessions:
                return
            self._sessions.remove(session)
        self.ground.guard.leave(PROTOCOL, session.address)

    def end_revoked(self) -> None:
        """End the sessions whose account is gone, or has another secret or fewer folders (faults row 26)."""
        for session in self._open_sessions():
            if session.account is not None and not self.ground.directory.is_current(session.account):
                log.logger(__name__).info("a session from %s ends: its login is not valid any more", session.address)
                session.end()

    def _accept(self) -> None:
        assert self._socket is not None  # noqa: S101 - start has set it
        # Those for whom there was no place: a session that has just ended at the client may not have ended here yet.
        waiting: deque[_Waiting] = deque()
        while not self._stopping.is_set():
            self._socket.settimeout(_WAITING_LOOK_S if waiting else None)
            try:
                connection, peer = self._socket.accept()
            except TimeoutError:
                pass
            except OSError as error:
                if self._stopping.wait(_WAITING_LOOK_S):
                    return
                log.logger(__name__).error("SFTP cannot take a connection: %s", error.strerror)
            else:
                waiting.append((connection, str(peer[0]), clock.monotonic_s() + limits.ENDPOINT_PLACE_WAIT_S))
            for _ in range(len(waiting)):
                self._place(waiting.popleft(), waiting)

    def _place(self, one: _Waiting, waiting: deque[_Waiting]) -> None:
        """Begin a session, let it wait a little longer for its place, or close it."""
        connection, address, until_s = one
        if self.ground.guard.admit(PROTOCOL, address):
            try:
                self._begin(connection, address)
            except Exception as error:  # noqa: BLE001 - the edge of a thread: one connection must not end the listening
                log.logger(__name__).error("a connection could not begin: %s", log.where(error))
                connection.close()
            return
        may_wait = len(waiting) < _WAITING_MAX and not self.ground.guard.is_banned(address)
        if may_wait and clock.monotonic_s() < until_s:
            waiting.append(one)
        else:
            connection.close()

    def _begin(self, connection: socket.socket, address: str) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            session = _Session(self, connection, address)
        except Exception:
            self.ground.guard.leave(PROTOCOL, address)
            raise
        with self._lock:
            self._sessions.add(session)
        try:
            session.start()
        except Exception:
            self.forget(session)
            raise

    def _end_silent(self) -> None:
        while not self._stopping.wait(limits.ENDPOINT_LOOK_INTERVAL_S):
            for session in self._open_sessions():
                if session.is_over():
                    session.end()
                    self.forget(session)

    def _open_sessions(self) -> list[_Session]:
        with self._lock:
            return list(self._sessions)

    def _key(self, name: str, file: str) -> paramiko.PKey:
        path = self.ground.folder / file
        try:
            key = paramiko.PKey.from_path(path)
        except FileNotFoundError:
            raise EndpointFault(
                f"SFTP stays closed because the host key {path} is lost, and partners would meet a stranger; "
                "put it back from a backup."
            ) from None
        except Exception as error:
            raise EndpointFault(
                f"SFTP stays closed because the host key {path} cannot be read; put it back from a backup."
            ) from error
        known = self.ground.expected.get(name)
        if known and known != _fingerprint(key):
            raise EndpointFault(
                f"SFTP stays closed because the host key {path} is not the one that partners know ({known}); "
                "put that one back from a backup."
            )
        return key

    def _listen(self) -> socket.socket:
        host, port = self.ground.settings.host, self.ground.settings.sftp_port
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            return socket.create_server(address[:2], family=family, backlog=limits.ENDPOINT_SESSIONS_MAX)
        except OSError as error:
            raise EndpointFault(
                f"SFTP cannot listen on {host} port {port} ({error.strerror}); free it, or set another one in "
                "settings.yaml."
            ) from error


def _fingerprint(key: paramiko.PKey) -> str:
    return provisioning.fingerprint(f"{key.get_name()} {key.get_base64()}")
