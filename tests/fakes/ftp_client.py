"""An FTP client that keeps to the protocol, or dies in the ways that clients die."""

import ftplib
import io
import socket
import struct
import subprocess
import sys
from pathlib import Path

from engine.endpoints.ftp import FtpEndpoint
from tests.fakes.hosted import PASSWORD, HostedGround

_HALF = """
import ftplib, ssl, sys, time
port, ca, password, is_secured = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "tls"
client = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=ca)) if is_secured else ftplib.FTP()
client.connect("localhost", port, timeout=20)
client.login("shop", password)
if is_secured:
    client.prot_p()
client.voidcmd("TYPE I")
wire = client.transfercmd("STOR " + sys.argv[5])
wire.sendall(b"x" * 100_000)
print("sent", flush=True)
time.sleep(600)
"""


def signed_in(
    endpoint: FtpEndpoint, hosted: HostedGround, *, is_secured: bool = True, user: str = "shop"
) -> ftplib.FTP:
    """Return a client that signed in, over TLS that it verified or in the clear."""
    client: ftplib.FTP
    if is_secured:
        secured = ftplib.FTP_TLS(context=hosted.tls())  # noqa: S321 - FTPS, to ourselves
        secured.connect("localhost", endpoint.port, timeout=20)
        secured.login(user, PASSWORD)
        secured.prot_p()
        client = secured
    else:
        client = ftplib.FTP()  # noqa: S321 - to ourselves
        client.connect("localhost", endpoint.port, timeout=20)
        client.login(user, PASSWORD)
    client.voidcmd("TYPE I")
    return client


def put(client: ftplib.FTP, name: str, content: bytes) -> str:
    """Upload a file and return the last answer."""
    return client.storbinary(f"STOR {name}", io.BytesIO(content))


def got(client: ftplib.FTP, name: str) -> bytes:
    """Download a file."""
    found = io.BytesIO()
    client.retrbinary(f"RETR {name}", found.write)
    return found.getvalue()


def answer(client: ftplib.FTP, command: str) -> str:
    """Return the code of the answer to a command, whatever it is."""
    try:
        return client.sendcmd(command)[:3]
    except ftplib.Error as error:
        return str(error)[:3]


def drop(client: ftplib.FTP, wire: socket.socket, *, by_reset: bool) -> None:
    """End data and control connection as a system does whose program went away: no QUIT, no farewell of TLS."""
    assert client.sock is not None
    for connection in (wire, client.sock):
        if by_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Below TLS, which would say goodbye.
        socket.close(connection.detach())
    if client.file is not None:
        client.file.close()


def start_half(endpoint: FtpEndpoint, hosted: HostedGround, name: str, *, is_secured: bool) -> subprocess.Popen[str]:
    """Start a client as a process of its own that stops in the middle of an upload; it prints "sent"."""
    authority: Path = hosted.folder / "certificate.pem"
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _HALF,
            str(endpoint.port),
            str(authority),
            PASSWORD,
            "tls" if is_secured else "plain",
            name,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "sent\n"
    return program
