"""The client to partners: one deadline, nothing followed, nothing kept, no secret in what comes back."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from engine.base import limits
from engine.partners.http import Client
from engine.partners.requests import Call
from storage.records.deliveries import Answer
from storage.records.partners import SignalKind
from tests.fakes.partner import TOKEN, Recorder, call_partner, given

DEADLINE_S = 0.5


def call(url: str, method: str = "POST", deadline_s: float = 5.0, times: int = 1) -> list[Answer]:
    one = Call(method, url, {"accept": "*/*"}, b"payload=x" if method == "POST" else b"", (TOKEN,))

    async def do() -> list[Answer]:
        async with Client() as client:
            return [await client.call(one, deadline_s) for _ in range(times)]

    return asyncio.run(do())


@contextmanager
def served(*answers: bytes | None) -> Iterator[str]:
    """A server that answers connection by connection with these bytes and hangs up; None never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        for answer in answers:
            try:
                taken, _ = listening.accept()
            except OSError:
                return
            with taken:
                taken.recv(65_536)
                if answer is None:
                    ended.wait(30)
                else:
                    taken.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        ended.set()
        # A listener that is only closed would leave a thread in accept.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def test_a_call_arrives_as_built_and_its_answer_comes_back() -> None:
    # given
    with Recorder(headers={"retry-after": "7", "x-own": "yes"}) as recorder:
        # when
        answer = call_partner(given(recorder.url), SignalKind.ADD, ["c 1/ü"])[0]
    # then
    assert (answer.status, answer.fault, answer.is_timeout) == (200, None, False)
    assert json.loads(answer.text)["num_received"] == 1
    assert (answer.retry_after, answer.headers["x-own"]) == ("7", "yes")
    request = recorder.received[0]
    assert request.path == f"/v26.0/123/users?access_token={TOKEN}"
    assert request.body == (
        "payload=%7B%22data%22%3A%5B%22c%201%2F%C3%BC%22%5D%2C%22is_raw%22%3Atrue%2C%22schema%22%3A%22EXTERN_ID%22%7D"
    )


@pytest.mark.fault(73)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_partner_that_redirects_to_this_machine_is_not_followed(status: int) -> None:
    # given
    with Recorder() as inside, Recorder(status=status, headers={"location": f"{inside.url}/admin"}) as partner:
        # when
        answers = [call(partner.url, method)[0] for method in ("GET", "POST", "DELETE")]
    # then
    assert [answer.status for answer in answers] == [status] * 3
    assert inside.received == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    with Recorder() as proxy, Recorder() as partner:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        # when
        call(partner.url)
    # then
    assert (len(partner.received), proxy.received) == (1, [])


def test_cookies_are_not_kept() -> None:
    # given
    with Recorder(headers={"set-cookie": "who=me; Path=/"}) as partner:
        # when
        call(partner.url, times=2)
    # then
    assert [request.headers.get("cookie") for request in partner.received] == [None, None]


def test_an_answer_that_repeats_the_token_comes_back_without_it() -> None:
    # given
    odd = "to/ken+1"
    with Recorder(status=400, text=f'{{"error": {{"message": "{odd} and to%2Fken%2B1", "code": 190}}}}') as partner:
        # when
        answer = call_partner(given(partner.url, access_token=odd), SignalKind.ADD, ["a"])[0]
    # then
    assert "ken" not in f"{answer.text} {answer.body}"
    assert "*** and ***" in answer.text


def test_a_long_answer_is_judged_whole_and_kept_in_part() -> None:
    # given
    text = json.dumps({"long": "x" * 5_000})
    with Recorder(text=text) as partner:
        # when
        answer = call(partner.url)[0]
    # then
    assert answer.body == text
    assert len(answer.text) == limits.ANSWER_CHARACTERS_MAX
    assert answer.text.endswith(f"(cut, {len(text):,} characters in all)")


def test_an_endless_answer_is_left_off() -> None:
    # given
    with Recorder(text="x" * (limits.ANSWER_BYTES_MAX + 1)) as partner:
        # when
        answers = call(partner.url, times=2)
    # then
    assert [(answer.status, answer.fault_code) for answer in answers] == [(None, "answer too long")] * 2


def test_a_server_that_takes_the_connection_and_says_nothing_is_a_timeout() -> None:
    # given
    with served(None) as url:
        # when
        answer = call(url, deadline_s=DEADLINE_S)[0]
    # then
    assert answer.is_timeout
    assert answer.fault == "No whole answer within 0.5 s."
    assert answer.took_ms >= DEADLINE_S * 1000


def test_the_deadline_covers_connecting_too() -> None:
    # given a listener whose queue is full, so that further connections get no answer
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        queued = [socket.socket() for _ in range(3)]
        for one in queued:
            one.settimeout(0)
            one.connect_ex(listening.getsockname())
        # when
        answer = call(f"http://127.0.0.1:{listening.getsockname()[1]}/", deadline_s=DEADLINE_S)[0]
        for one in queued:
            one.close()
    # then
    assert answer.is_timeout


def test_nobody_listening_is_said() -> None:
    # given a port that was free a moment ago
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    # when
    answer = call(f"http://127.0.0.1:{port}/?access_token={TOKEN}")[0]
    # then
    assert (answer.fault_code, answer.fault) == ("connection refused", "127.0.0.1 refused the connection.")


def test_a_name_that_does_not_exist_is_said() -> None:
    # given a top-level name that never exists (RFC 2606)
    answer = call("http://partner.invalid/", deadline_s=30)[0]
    # then
    assert (answer.fault_code, answer.fault) == ("name not found", "The name partner.invalid was not found.")


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:99999/", "http://%/", "http://[::1/"])
def test_an_address_that_is_none_is_an_answer_too(url: str) -> None:
    assert call(url)[0].fault_code in {"address", "name not found"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"", "connection reset"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "connection reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", "not HTTP"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_broken_answer_is_no_answer_and_the_call_is_made_once(said: bytes, code: str, method: str) -> None:
    # given a second connection would be answered well
    with served(said, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as url:
        # when
        answer = call(url, method)[0]
    # then
    assert (answer.status, answer.fault_code, answer.is_timeout) == (None, code, False)
    assert TOKEN not in repr(answer)


def _own_certificate(folder: Path) -> Path:
    """Make a certificate that its owner has signed, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(tmp_path: Path) -> None:
    # given a certificate that nobody vouches for
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own_certificate(tmp_path))
    with Recorder(context=context) as partner:
        # when
        answer = call(partner.url.replace("http:", "https:"))[0]
    # then
    assert answer.fault_code == "TLS"
    assert partner.received == []


def test_calls_go_over_a_connection_that_is_kept() -> None:
    # given
    with Recorder() as partner:
        # when
        call(partner.url, times=3)
    # then
    assert len(partner.received) == 3
    assert len(partner.clients) == 1
