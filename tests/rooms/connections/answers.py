"""Finished answers of the wizard for each of the eleven ways, as a person leaves them."""

from typing import Any

from engine.connections import wizard

KEY = "SHA256:" + "a" * 43
SHOWN_AT = "2026-11-21T09:00:00"
BASE: dict[str, Any] = {**wizard.begin(), "name": "CD shop", "data_type": "audiences", "credential_name": "CD shop"}
SERVER: dict[str, Any] = {
    "host": "files.brightside.example",
    "folder": "/outgoing",
    "username": "shop",
    "has_secret": True,
}
MADE: dict[str, Any] = {"username": "cdshop-abcdefghjk", "has_secret": True, "shown_at": SHOWN_AT}
FILES: dict[str, Any] = {"files": "purchases_*.csv"}


def of(direction: str, method: str, methodology: str) -> dict[str, Any]:
    """Return complete answers for a way."""
    port = {"sftp": 22, "ftp": 21, "email": 993}[method]
    way = {"direction": direction, "method": method, "methodology": methodology, "port": port}
    trusted = {"host_key": KEY} if method == "sftp" else {}
    return {**BASE, **way, **trusted, **_REST[direction, method, methodology]}


_REST: dict[tuple[str, str, str], dict[str, Any]] = {
    ("inbound", "sftp", "pull"): {**SERVER, **FILES},
    ("inbound", "ftp", "pull"): {**SERVER, **FILES},
    ("inbound", "email", "pull"): {**SERVER, **FILES, "folder": "INBOX", "return_email": "results@example.org"},
    ("inbound", "sftp", "push"): MADE,
    ("inbound", "ftp", "push"): {**MADE, **FILES},
    ("inbound", "email", "push"): {**FILES, "address": "in-abc", "shown_at": SHOWN_AT},
    ("outbound", "sftp", "pull"): MADE,
    ("outbound", "ftp", "pull"): MADE,
    ("outbound", "sftp", "push"): SERVER,
    ("outbound", "ftp", "push"): SERVER,
    ("outbound", "email", "push"): {"recipients": ["a@example.org"], "subject": "Files"},
}
WAYS = tuple(_REST)
