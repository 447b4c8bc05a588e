"""Answers the addresses before the dashboard: /login, /join, /logout and /healthz."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.actions import people as people_actions
from engine.actions import sign_in as sign_in_actions
from engine.base.errors import BadInput, HandoffError
from engine.views import callers
from pages.parts.guard import SESSION_COOKIE, is_foreign
from pages.parts.sign_in_form import CONTENT_SECURITY_POLICY, Field, Form, form_page, message_page

_FORM_COOKIE = "handoff_form"
_FIELDS_MAX = 20
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_LOOPBACK_NAMES = _LOOPBACK | {"localhost"}
_TOO_OLD = "This form was open too long; enter it again."
_OVER = "This link was used already or is too old; ask an admin for a new one."
Values = Mapping[str, str]


@dataclass(frozen=True)
class _Answer:
    """What a form led to: a page with a status, or a new session and where to go."""

    page: str = ""
    status: HTTPStatus = HTTPStatus.OK
    token: str = ""
    go_to: str = "/"
    wait_s: int = 0


async def show_login(request: Request) -> Response:
    """Show the sign-in, or go on where somebody is signed in already."""
    go_to = local_address(request.query_params.get("next", "/"))
    token = request.cookies.get(SESSION_COOKIE)
    if await run_in_threadpool(callers.find, callers.current_desk(), token):
        return RedirectResponse(go_to, HTTPStatus.SEE_OTHER)
    mark = _form_mark(request)
    if _is_at_this_machine(request):
        demo = await run_in_threadpool(callers.demo_token, callers.current_desk())
        if demo:
            return _finished(request, _Answer(token=demo, go_to=go_to), mark)
    answer = _finished(request, _Answer(_login_page(mark, go_to)), mark)
    if token:
        answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


async def log_in(request: Request) -> Response:
    """Take e-mail and password; on success set the session cookie and go on."""
    values = await _values(request)
    if values is None:
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    mark = _form_mark(request)
    go_to = local_address(values.get("next", "/"))
    if not _is_ours(request, values):
        return _finished(request, _Answer(_login_page(mark, go_to, error=_TOO_OLD), HTTPStatus.FORBIDDEN), mark)
    answer = await run_in_threadpool(_try_password, _address(request), values, mark, go_to)
    return _finished(request, answer, mark)


async def show_join(request: Request) -> Response:
    """Show what a one-time link is for; only the form that follows uses it up."""
    token = request.query_params.get("token", "")
    facts = await run_in_threadpool(callers.link, callers.current_desk(), token)
    mark = _form_mark(request)
    if facts is None:
        return _finished(request, _Answer(message_page("This link is over", _OVER), HTTPStatus.GONE), mark)
    return _finished(request, _Answer(_join_page(mark, token, facts, {"name": facts.name})), mark)


async def join(request: Request) -> Response:
    """Take name and password of a one-time link, and sign the new person in."""
    values = await _values(request)
    if values is None:
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    mark = _form_mark(request)
    is_ours = _is_ours(request, values)
    answer = await run_in_threadpool(_try_join, _address(request), values, mark, is_ours=is_ours)
    return _finished(request, answer, mark)


async def log_out(request: Request) -> Response:
    """End the session and show the sign-in."""
    values = await _values(request)
    if values is None or not _is_ours(request, values):
        return Response("Sign out on the page itself.", HTTPStatus.FORBIDDEN)
    token = request.cookies.get(SESSION_COOKIE, "")
    await run_in_threadpool(sign_in_actions.sign_out, callers.current_desk(), token)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


async def healthz(_request: Request) -> Response:
    """Say that the service is up; nothing else, for anybody may ask."""
    callers.current_desk()
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


ROUTES: list[BaseRoute] = [
    Route("/login", show_login, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/join", show_join, methods=["GET"]),
    Route("/join", join, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
    Route("/healthz", healthz, methods=["GET"]),
]


def local_address(wanted: str) -> str:
    """Return the address if it is a page of ours, "/" otherwise: nobody is led elsewhere after signing in."""
    is_local = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable()
    is_before_the_dashboard = wanted.split("?", 1)[0] in ("/login", "/join", "/logout")
    return wanted if is_local and "\\" not in wanted and not is_before_the_dashboard else "/"


def _try_password(address: str, values: Values, mark: str, go_to: str) -> _Answer:
    email = values.get("email", "")
    try:
        token = sign_in_actions.sign_in(callers.current_desk(), address, email, values.get("password", ""))
    except sign_in_actions.HaveToWait as error:
        page = _login_page(mark, go_to, email=email, error=str(error))
        return _Answer(page, HTTPStatus.TOO_MANY_REQUESTS, wait_s=error.wait_s)
    except HandoffError as error:
        return _Answer(_login_page(mark, go_to, email=email, error=str(error)), HTTPStatus.UNAUTHORIZED)
    return _Answer(token=token, go_to=go_to)


def _try_join(address: str, values: Values, mark: str, *, is_ours: bool) -> _Answer:
    desk, token, password = callers.current_desk(), values.get("token", ""), values.get("password", "")
    facts = callers.link(desk, token)
    if facts is None:
        return _Answer(message_page("This link is over", _OVER), HTTPStatus.GONE)
    try:
        if not is_ours:
            return _Answer(_join_page(mark, token, facts, values, error=_TOO_OLD), HTTPStatus.FORBIDDEN)
        _check_same(password, values.get("again", ""))
        name, email = values.get("name", ""), values.get("email", "")
        person = people_actions.accept(desk, token, name=name, email=email, password=password)
    except BadInput as error:
        page = _join_page(mark, token, facts, values, error=str(error))
        return _Answer(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    except HandoffError as error:
        return _Answer(message_page("This link is over", str(error)), HTTPStatus.GONE)
    try:
        return _Answer(token=sign_in_actions.sign_in(desk, address, person.email, password))
    except HandoffError:
        # The password is set; only this address has to wait. The sign-in says so itself.
        return _Answer(message_page("Your password is set", "Sign in with it."))


def _check_same(password: str, again: str) -> None:
    if password != again:
        raise BadInput("The two passwords differ; enter them again.", "again")


def _login_page(mark: str, go_to: str, *, email: str = "", error: str = "") -> str:
    return form_page(
        Form(
            title="Sign in",
            caption="Customer data, in and out, every row accounted for.",
            action="/login",
            button="Sign in",
            fields=(
                Field("email", "E-mail", "email", "username", email),
                Field("password", "Password", "password", "current-password"),
            ),
            hidden={"form": mark, "next": go_to},
            error=error,
            last_line="No password, or forgotten? Ask an admin for a link.",
        )
    )


def _join_page(mark: str, token: str, facts: callers.LinkFacts, values: Values, *, error: str = "") -> str:
    is_first = not facts.email
    email = (Field("email", "E-mail", "email", "username", values.get("email", "")),) if is_first else ()
    hint = f"At least {callers.PASSWORD_CHARACTERS_MIN} characters; several words are fine."
    return form_page(
        Form(
            title="Create the first administrator" if is_first else "Choose your password",
            caption="Nobody is here yet. This link works once."
            if is_first
            else f"For {facts.email}, role {facts.role.value}. This link works once.",
            action="/join",
            button="Create administrator" if is_first else "Set password and sign in",
            fields=(
                Field("name", "Name", "text", "name", values.get("name", "")),
                *email,
                Field("password", "Password", "password", "new-password", hint=hint),
                Field("again", "Password again", "password", "new-password"),
            ),
            hidden={"form": mark, "token": token},
            error=error,
        )
    )


async def _values(request: Request) -> Values | None:
    # Read by hand, with a bound: strangers may send anything here.
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > callers.FORM_BYTES_MAX:
            return None
    try:
        text = body.decode("utf-8", errors="replace")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        return None
    return {name: given[-1] for name, given in fields.items()}


def _form_mark(request: Request) -> str:
    return request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)


def _is_ours(request: Request, values: Values) -> bool:
    # The double cookie: another site can make a browser send our cookie, but cannot read it into a form.
    kept, given = request.cookies.get(_FORM_COOKIE, ""), values.get("form", "")
    return bool(kept) and hmac.compare_digest(kept.encode(), given.encode())


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _is_at_this_machine(request: Request) -> bool:
    """Say whether a person opened this address in a browser of this machine; nobody else is let into the demo."""
    came_through = [name for name in request.headers if name.startswith("x-forwarded-") or name == "forwarded"]
    is_local = _address(request) in _LOOPBACK and request.url.hostname in _LOOPBACK_NAMES
    return is_local and not came_through and not is_foreign(request.headers)


def _is_behind_tls(request: Request) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "").lower())


def _finished(request: Request, answer: _Answer, mark: str) -> Response:
    is_secure = _is_behind_tls(request)
    if answer.token:
        response: Response = RedirectResponse(answer.go_to, HTTPStatus.SEE_OTHER)
        response.set_cookie(
            SESSION_COOKIE,
            answer.token,
            max_age=callers.SESSION_S_MAX,
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )
    else:
        response = HTMLResponse(answer.page, answer.status)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Frame-Options"] = "DENY"
        response.set_cookie(_FORM_COOKIE, mark, path="/", secure=is_secure, httponly=True, samesite="strict")
    if answer.wait_s:
        response.headers["Retry-After"] = str(answer.wait_s)
    response.headers["Cache-Control"] = "no-store"
    return response
