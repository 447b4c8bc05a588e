"""A home of the release before there were credentials opens, and its connections sign in as they did."""

from pathlib import Path

import pytest

from engine.base import clock
from engine.flows import adopting, sealing
from engine.flows.desk import Desk
from storage.records.connections import Secrets
from storage.records.credentials import CredentialKind, Origin
from storage.tables import connections, credentials
from tests.fakes.home import open_home


def _old_connection(desk: Desk, name: str, kind: str, secrets: Secrets) -> str:
    """Write a connection as the last release did: with its own sealed secret and without a credential."""
    connection_id = f"01OLD{name}"
    sealed = sealing.seal(desk, sealing.for_connection(connection_id), secrets)
    with desk.database.write("ctl") as cursor:
        cursor.execute(
            """INSERT INTO ctl.connection (connection_id, name, direction, data_type, method, methodology, host, port,
            username, host_key, secret_kind, secret_sealed, state, created_at, changed_at)
            VALUES (?, ?, 'inbound', 'audiences', 'sftp', 'pull', 'sftp.example.org', 22, 'shop', 'SHA256:x', ?, ?,
            'on', ?, ?)""",
            [connection_id, name, kind, sealed, clock.now(), clock.now()],
        )
    return connection_id


@pytest.mark.promise("D12")
def test_a_secret_of_the_last_release_moves_into_a_credential_of_its_own(tmp_path: Path) -> None:
    # given two connections as the last release wrote them
    with open_home(tmp_path) as desk:
        with_password = _old_connection(desk, "a", "password", Secrets(password="canary"))
        with_key = _old_connection(desk, "b", "private_key", Secrets(private_key="-----BEGIN", passphrase="open"))
        # when the home is opened by this release, twice
        assert (adopting.adopt(desk), adopting.adopt(desk)) == (2, 0)
        # then each has a credential of its own, sealed for it alone, and reads as before
        with desk.database.read() as cursor:
            first, second = connections.by_id(cursor, with_password), connections.by_id(cursor, with_key)
            assert first is not None and second is not None
            assert sealing.of_connection(desk, cursor, with_password) == Secrets(password="canary")
            assert sealing.of_connection(desk, cursor, with_key).passphrase == "open"
            assert first.server.username == "shop" and second.server.secret_kind == "private_key"
            found = credentials.by_id(cursor, first.credential_id or "")
            left = cursor.execute("SELECT count(*) FROM ctl.connection WHERE secret_sealed <> ''").fetchone()
        assert found is not None and left == (0,)
        assert (found.origin, found.kind, found.host, found.port) == (
            Origin.ENTERED,
            CredentialKind.PASSWORD,
            "sftp.example.org",
            22,
        )
