"""Two hundred FTPS sessions at once on the real process: all are served, and the memory stays within its bound."""

import ftplib
import io
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.fakes.endpoints import PASSWORD, EndpointsProcess
from tests.fakes.service import wait_until

SESSIONS = 200
_GROWTH_BYTES_MAX = 200 * 1024**2
_CONTENT = b"id,email\n" + b"1,a@b.example\n" * 5_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EndpointsProcess]:
    with EndpointsProcess(tmp_path / "home") as endpoints:
        endpoints.add_login("ftp", "shop")
        endpoints.port("ftp")
        yield endpoints


def test_200_sessions_at_once_are_served_within_200_mb_and_no_file_is_harmed(server: EndpointsProcess) -> None:
    # given
    port = server.port("ftp")
    context = ssl.create_default_context(cafile=str(server.folder / "certificate.pem"))
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss

    def sign_in(number: int) -> ftplib.FTP_TLS:
        client = ftplib.FTP_TLS(context=context)  # noqa: S321 - FTPS, to ourselves
        # From several addresses: each may have twenty.
        client.connect("localhost", port, timeout=60, source_address=(f"127.0.7.{1 + number % 20}", 0))
        client.login("shop", PASSWORD)
        client.prot_p()
        return client

    def put(numbered: tuple[int, ftplib.FTP_TLS]) -> str:
        return numbered[1].storbinary(f"STOR {numbered[0]}.csv", io.BytesIO(_CONTENT))[:3]

    with ExitStack() as open_still, ThreadPoolExecutor(20) as pool:
        # when
        clients = [open_still.enter_context(client) for client in pool.map(sign_in, range(SESSIONS))]
        at_once = server.listener("ftp").sessions
        said = set(pool.map(put, enumerate(clients)))
        grown = process.memory_info().rss - before
        wait_until(lambda: server.listener("ftp").sessions == SESSIONS or at_once == SESSIONS, 20)
    # then
    assert said == {"226"}
    assert grown < _GROWTH_BYTES_MAX
    wait_until(lambda: len(server.landed()) == SESSIONS, 60)
    assert {item.name for item in server.landed()} == {f"{number}.csv" for number in range(SESSIONS)}
    assert {server.content(item) for item in server.landed()} == {_CONTENT}
    wait_until(lambda: server.listener("ftp").sessions == 0, 20)
