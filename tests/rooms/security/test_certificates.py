"""The certificate that hosted FTPS and mail show, and the judgement of one that an administrator brings."""

import base64
import hashlib
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.security import certificates

_MADE = certificates.make("files.example.com", "127.0.0.1")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return _written(tmp_path, *_MADE)


@pytest.mark.parametrize("name", ["files.example.com", "127.0.0.1"])
def test_a_client_that_trusts_our_certificate_verifies_it_by_name_and_by_address(
    files: tuple[Path, Path], name: str
) -> None:
    # given
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    client = ssl.create_default_context(cadata=_MADE[0])
    near, far = socket.socketpair()

    def serve() -> None:
        with server.wrap_socket(far, server_side=True) as wrapped:
            wrapped.sendall(b"x")

    serving = threading.Thread(target=serve)
    serving.start()
    # when
    with client.wrap_socket(near, server_hostname=name) as wrapped:
        said = wrapped.recv(1)
        shown = wrapped.getpeercert(binary_form=True)
    serving.join()
    # then
    assert said == b"x"
    assert shown is not None
    assert certificates.fingerprint(ssl.DER_cert_to_PEM_cert(shown)) == certificates.fingerprint(_MADE[0])


def test_the_fingerprint_is_sha256_of_what_openssl_reads(files: tuple[Path, Path]) -> None:
    # given
    command = ["openssl", "x509", "-in", str(files[0]), "-outform", "DER"]
    # when
    der = subprocess.run(command, capture_output=True, check=True).stdout
    said = base64.b64encode(hashlib.sha256(der).digest()).decode()
    # then
    assert certificates.fingerprint(_MADE[0]) == "SHA256:" + said.rstrip("=")
    assert certificates.fingerprint("nothing of the kind") == ""


def test_two_certificates_never_share_a_key() -> None:
    # when
    first, second = (certificates.make("localhost", "127.0.0.1") for _ in range(2))
    # then
    assert first[1] != second[1]
    assert certificates.fingerprint(first[0]) != certificates.fingerprint(second[0])


@pytest.mark.parametrize("name", ["", "ä.example", "x" * 300, "*.example.com", "a b"])
def test_any_public_name_gives_a_certificate_that_works(tmp_path: Path, name: str) -> None:
    # when
    files = _written(tmp_path, *certificates.make(name, "10.0.0.7"))
    # then
    assert certificates.problem(*files) is None


def test_a_pair_that_fits_has_no_problem_and_each_wrong_one_its_own_sentence(tmp_path: Path) -> None:
    # given
    files = _written(tmp_path, *_MADE)
    other = _written(tmp_path / "other", *certificates.make("x", "y"))
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", files[1], "-out", locked, "-passout", "pass:secret"], check=True
    )
    # when
    said = [
        certificates.problem(tmp_path / "gone.pem", files[1]),
        certificates.problem(files[1], files[1]),
        certificates.problem(garbage, files[1]),
        certificates.problem(files[0], files[0]),
        certificates.problem(files[0], locked),
        certificates.problem(files[0], other[1]),
    ]
    # then
    assert certificates.problem(*files) is None
    assert None not in said
    assert len(set(said)) == len(said)
    assert "does not belong" in str(said[-1])
    assert "passphrase" in str(said[-2])


def test_a_certificate_that_has_expired_is_said_so(files: tuple[Path, Path]) -> None:
    # given
    later = clock.now() + timedelta(days=6 * 365)
    clock.set_source(lambda: later)
    try:
        # when
        said = certificates.problem(*files)
    finally:
        clock.use_machine_time()
    # then
    assert said is not None and "has expired" in said


def _written(folder: Path, certificate: str, key: str) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    (folder / "certificate.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    return folder / "certificate.pem", folder / "key.pem"
