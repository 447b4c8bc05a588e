"""Gives connections of before there were credentials one of their own, sealed anew; done at each start, once each."""

from engine.base import clock, ids
from engine.flows import sealing
from engine.flows.desk import Desk
from storage.records.connections import Method, SecretKind, Server
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.tables import connections, credentials


def adopt(desk: Desk) -> int:
    """Move each connection's own secret into a credential named after it; return how many were moved."""
    with desk.database.read() as cursor:
        left = connections.with_own_secret(cursor)
    for connection_id, sealed in left:
        secrets = sealing.of_old_connection(desk, connection_id, sealed)
        with desk.database.write("ctl") as cursor:
            connection = connections.by_id(cursor, connection_id)
            if connection is None or connection.credential_id is not None:
                continue
            credential = _credential_of(connection.name, connection.method, connection.server)
            sealed_anew = sealing.seal(desk, sealing.for_credential(credential.credential_id), secrets)
            credentials.put(cursor, credential, sealed_anew)
            connections.give_credential(cursor, connection_id, credential.credential_id)
    return len(left)


def _credential_of(name: str, method: Method, server: Server) -> Credential:
    is_key = server.secret_kind is SecretKind.PRIVATE_KEY
    return Credential(
        credential_id=ids.ulid(),
        name=name,
        method=method,
        origin=Origin.ENTERED,
        kind=CredentialKind.PRIVATE_KEY if is_key else CredentialKind.PASSWORD,
        username=server.username,
        host=server.host,
        port=server.port,
        public_keys=(),
        password_hash="",
        return_email="",
        version=1,
        owner_id=None,
        shown_at=None,
        last_used_at=None,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
