"""A fresh server: nobody gets in before the first administrator, and the links that let people in work once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records.people import Role
from tests.fakes.dashboard import SESSION_COOKIE, START_WAIT_S, Dashboard, draw, start
from tests.fakes.home import PASSWORD, add_person, first_admin, open_home


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with Dashboard(tmp_path_factory.mktemp("fresh") / "home", is_fresh=True) as running:
        yield running


@pytest.mark.promise("D05")
def test_a_fresh_server_shows_nothing_of_a_page_whose_address_is_asked_for_first(fresh: Dashboard) -> None:
    for path in ("/people", "/people_page", "/pages/people_page.py", "/connections", "/"):
        answer = fresh.visitor().get(path)
        assert (answer.status, answer.text) == (303, "")


def test_the_first_link_lets_one_person_in_as_admin_and_works_once(fresh: Dashboard) -> None:
    # given
    token = fresh.first_token
    assert token
    # when
    looked_at_only = fresh.visitor().get(f"/join?token={token}")
    weak = fresh.visitor().fill(f"/join?token={token}", token=token, name="Ana", email="a@b.c", password="x", again="x")
    unlike = fresh.visitor().fill(
        f"/join?token={token}", token=token, name="Ana", email="a@b.c", password=PASSWORD, again="another one here"
    )
    # then
    assert "Create the first administrator" in looked_at_only.text
    assert (weak.status, unlike.status) == (422, 422)
    assert "at least 12 characters" in weak.text and "The two passwords differ" in unlike.text
    assert PASSWORD not in unlike.text
    # when
    ana = fresh.visitor()
    assert ana.join(token, "Ana Vos", "ana@example.org").status == 303
    # then
    with ana.open_page() as page:
        assert "Who may sign in" in draw(page, "people")
    for again in (fresh.visitor().get(f"/join?token={token}"), fresh.visitor().join(token, "Eve", "eve@example.org")):
        assert again.status == 410
        assert "This link was used already or is too old" in again.text


def test_a_second_start_on_the_same_home_ends_with_one_sentence_and_status_1(fresh: Dashboard) -> None:
    # when
    second = start(fresh.home)
    output, _ = second.communicate(timeout=START_WAIT_S)
    # then
    assert second.returncode == 1
    assert "Handoff already runs on this home (pid" in output
    assert "Traceback" not in output
    assert fresh.visitor().get("/healthz").status == 200


@pytest.mark.fault(122)
def test_a_start_without_the_master_key_ends_with_one_sentence_and_status_1(tmp_path: Path) -> None:
    # given
    with open_home(tmp_path) as desk:
        first_admin(desk)
    (tmp_path / "master.key").unlink()
    # when
    process = start(tmp_path)
    output, _ = process.communicate(timeout=START_WAIT_S)
    # then
    assert process.returncode == 1
    assert "The master key" in output and "is missing" in output
    assert "Traceback" not in output
    assert not (tmp_path / "master.key").exists()


@pytest.mark.promise("D05")
def test_a_page_outside_the_role_is_not_found_as_the_very_first_request(tmp_path: Path) -> None:
    # given
    with open_home(tmp_path) as desk:
        add_person(desk, first_admin(desk), Role.ANALYST, "ben@example.org")
    with Dashboard(tmp_path) as restarted:
        assert restarted.first_token == ""
        ben = restarted.visitor()
        assert ben.sign_in("ben@example.org").status == 303
        # when
        with ben.open_page() as page:
            shown = draw(page, "people")
    # then
    assert "page_not_found" in shown
    assert "Who may sign in" not in shown and "ana@example.org" not in shown


def test_a_session_outlives_a_restart_and_a_stop_leaves_the_home_free(tmp_path: Path) -> None:
    # given
    with open_home(tmp_path) as desk:
        first_admin(desk)
    with Dashboard(tmp_path) as running:
        ana = running.visitor()
        ana.sign_in("ana@example.org")
    # when
    with Dashboard(tmp_path) as restarted:
        again = restarted.visitor()
        again.cookies[SESSION_COOKIE] = ana.cookies[SESSION_COOKIE]
        # then
        assert again.get("/people").status == 200
    assert "Traceback" not in running.output + restarted.output
