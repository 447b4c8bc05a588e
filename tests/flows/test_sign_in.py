"""Signing in to the real server: who is let in, who is not, and that nothing is told to those outside."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from engine.base import limits
from storage.records.people import Role
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard, Visitor, draw
from tests.fakes.home import PASSWORD, add_person, first_admin, open_home

ADMIN, ANALYST, MANAGER, SUPPORT = (
    "ana@example.org",
    "analyst@example.org",
    "manager@example.org",
    "support@example.org",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with open_home(folder) as desk:
        admin = first_admin(desk)
        add_person(desk, admin, Role.ANALYST, ANALYST)
        add_person(desk, admin, Role.MANAGER, MANAGER)
        add_person(desk, admin, Role.SUPPORT, SUPPORT)
    return folder


@pytest.fixture(scope="module")
def dashboard(home: Path) -> Iterator[Dashboard]:
    with Dashboard(home) as running:
        yield running


@pytest.fixture
def signed_in(dashboard: Dashboard) -> Visitor:
    visitor = dashboard.visitor()
    assert visitor.sign_in(ADMIN).status == 303
    return visitor


@pytest.mark.parametrize("path", ["/", "/people", "/secret", "/pages/people_page.py", "/../app.py", "//example.org"])
def test_whoever_is_not_signed_in_is_led_from_any_page_to_the_sign_in(dashboard: Dashboard, path: str) -> None:
    answer = dashboard.visitor().get(path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/login?next=")
    assert answer.text == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_stcore/health"),
        ("GET", "/_stcore/host-config"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/_stcore/agent/mcp"),
        ("POST", "/_stcore/agent/sessions"),
        ("GET", "/media/anything.csv"),
        ("GET", "/component/x/index.html"),
        ("GET", "/app/static/x.css"),
        ("GET", "/static/no-such-file.js"),
        ("GET", "/static/../../../app.py"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("DELETE", "/_stcore/upload_file/a/b"),
        ("OPTIONS", "/_stcore/stream"),
        ("POST", "/logout"),
        ("POST", "/people"),
    ],
)
def test_everything_else_answers_only_sign_in_first(dashboard: Dashboard, method: str, path: str) -> None:
    answer = dashboard.visitor().send(method, path)
    assert (answer.status, answer.text) == (401, "Sign in first.")


def test_health_tells_that_it_is_up_and_nothing_more(dashboard: Dashboard) -> None:
    answer = dashboard.visitor().get("/healthz")
    assert (answer.status, answer.text) == (200, '{"status":"ok"}')


@pytest.mark.promise("D05")
@pytest.mark.parametrize("cookie", [{}, {SESSION_COOKIE: "made-up"}, {SESSION_COOKIE: ""}])
def test_a_websocket_without_a_sign_in_is_refused(dashboard: Dashboard, cookie: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        Visitor(dashboard, cookie).open_page()
    assert refusal.value.response.status_code == 403


def test_a_websocket_from_another_site_is_refused_even_with_a_sign_in(signed_in: Visitor) -> None:
    with signed_in.open_page() as page:
        assert "People" in draw(page, "people")
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        with pytest.raises(InvalidStatus) as refusal:
            signed_in.open_page(origin=origin)
        assert refusal.value.response.status_code == 403


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/join", "/logout", "/_stcore/upload_file/a/b"])
def test_what_another_site_posts_is_refused(signed_in: Visitor, path: str, foreign: dict[str, str]) -> None:
    answer = signed_in.send("POST", path, "form=x", foreign)
    assert answer.status == 403
    assert signed_in.get("/").status == 200


def test_a_form_without_its_own_cookie_is_refused_and_offered_again(dashboard: Dashboard) -> None:
    # given
    visitor = dashboard.visitor()
    visitor.get("/login")
    # when
    answer = visitor.post("/login", form="guessed", email=ADMIN, password=PASSWORD)
    # then
    assert answer.status == 403
    assert "This form was open too long" in answer.text
    assert SESSION_COOKIE not in visitor.cookies
    assert visitor.get("/people").status == 303


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get(dashboard: Dashboard) -> None:
    # given
    plain, behind_tls = dashboard.visitor(), dashboard.visitor(**{"X-Forwarded-Proto": "https"})
    # when
    answers = [visitor.sign_in(ADMIN) for visitor in (plain, behind_tls)]
    # then
    for answer, is_secure in zip(answers, (False, True), strict=True):
        (line,) = answer.set_cookies
        assert re.search(r"(?i); httponly", line) and re.search(r"(?i); samesite=lax", line)
        assert bool(re.search(r"(?i); secure", line)) is is_secure


def test_after_signing_in_the_page_that_was_asked_for_opens_but_no_other_site(dashboard: Dashboard) -> None:
    for wanted, led_to in [
        ("/people?x=1", "/people?x=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/login?next=/", "/"),
    ]:
        answer = dashboard.visitor().fill("/login", email=ADMIN, password=PASSWORD, next=wanted)
        assert (answer.status, answer.headers["location"]) == (303, led_to)


def test_five_wrong_passwords_lead_to_a_wait_for_that_person_alone(dashboard: Dashboard) -> None:
    # given
    visitor = dashboard.visitor()
    # when
    statuses = [visitor.sign_in(MANAGER, "wrong password").status for _ in range(limits.SIGN_IN_TRIES_MAX)]
    waiting = visitor.sign_in(MANAGER)
    # then
    assert statuses == [401] * limits.SIGN_IN_TRIES_MAX
    assert waiting.status == 429
    assert 0 < int(waiting.headers["retry-after"]) <= limits.SIGN_IN_WAIT_S
    assert "Too many wrong passwords; wait" in waiting.text
    assert visitor.sign_in(ANALYST).status == 303


@pytest.mark.parametrize("fragment", ["", "some-fragment"])
def test_a_session_that_ends_while_its_page_is_open_ends_at_the_next_click(signed_in: Visitor, fragment: str) -> None:
    with signed_in.open_page() as page:
        # given
        token, form = signed_in.cookies[SESSION_COOKIE], signed_in.cookies["handoff_form"]
        assert "Who may sign in" in draw(page, "people")
        # when
        assert signed_in.post("/logout", form=form).status == 303
        # then
        shown = draw(page, "people", fragment)
    assert "You are signed out." in shown
    assert "Who may sign in" not in shown
    assert Visitor(signed_in.dashboard, {SESSION_COOKIE: token}).get("/people").status == 303


@pytest.mark.promise("D05")
@pytest.mark.parametrize("email", [ANALYST, SUPPORT])
def test_a_page_outside_the_role_is_not_found_by_its_address(dashboard: Dashboard, email: str) -> None:
    visitor = dashboard.visitor()
    assert visitor.sign_in(email).status == 303
    with visitor.open_page() as page:
        shown = draw(page, "people")
    assert "page_not_found" in shown
    assert "Who may sign in" not in shown and ADMIN not in shown


def test_pages_and_forms_carry_the_headers_that_keep_others_out(signed_in: Visitor) -> None:
    for answer in (signed_in.get("/people"), signed_in.dashboard.visitor().get("/login")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] in ("DENY", "SAMEORIGIN")
        assert "object-src 'none'" in answer.headers["content-security-policy"] or (
            "default-src 'none'" in answer.headers["content-security-policy"]
        )
        assert "*" not in answer.headers["content-security-policy"]
