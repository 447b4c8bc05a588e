"""No secret lies readable in the database or the log: searched by SQL, with a planted one to prove the search."""

import pytest

from engine.actions import people, sign_in
from engine.flows.desk import Desk
from storage.records.people import Role
from tests.fakes.home import PASSWORD, first_admin, session

SFTP_PASSWORD = "sftp-s3cret-93"


def found(desk: Desk, needle: str) -> list[str]:
    """Return the columns, of every table, in which the needle stands."""
    hits = []
    with desk.database.read() as cursor:
        columns = cursor.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema IN ('ctl', 'dat')"
        ).fetchall()
        for schema, table, column in columns:
            question = f'SELECT count(*) FROM {schema}."{table}" WHERE contains("{column}"::VARCHAR, ?)'  # noqa: S608 - names of our tables
            answer = cursor.execute(question, [needle]).fetchone()
            if answer and answer[0]:
                hits.append(f"{table}.{column}")
    return hits


@pytest.mark.promise("F09", "D11")
def test_no_password_token_or_sealed_secret_is_readable_in_the_database_or_the_log(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    link = people.invite(desk, admin, name="Ben", email="ben@example.org", role=Role.ANALYST)
    token = session(desk, "ana@example.org")
    with pytest.raises(Exception, match="do not match"):
        sign_in.sign_in(desk, "192.0.2.1", "ana@example.org", "a wrong password 71")
    sealed = desk.vault.seal("draft:d1:password", SFTP_PASSWORD)
    with desk.database.write("ctl") as cursor:
        now = "2026-11-21"
        cursor.execute("INSERT INTO ctl.draft VALUES ('d1', 'p1', 'planted-41', ?, ?, ?)", [sealed, now, now])
    # then
    assert found(desk, "planted-41") == ["draft.answers"]
    assert found(desk, sealed) == ["draft.secret_sealed"]
    for secret in (PASSWORD, link, token, SFTP_PASSWORD, "a wrong password 71"):
        assert found(desk, secret) == []
    log = desk.settings.log.read_text() if desk.settings.log.exists() else ""
    assert not any(secret in log for secret in (PASSWORD, link, token, SFTP_PASSWORD))
