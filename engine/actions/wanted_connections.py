"""Reads the connections of the YAML that `apply` takes, with their credentials, schedules and goals. Pure."""

from dataclasses import dataclass, field
from typing import Any

from engine.actions.connections import Wanted
from engine.actions.wanted_goals import goal
from engine.actions.wanted_place import Place, boolean, each, integer, text, word
from engine.base import errors
from engine.connections import data_types, fields, matrix
from engine.connections.matrix import Way
from storage.records.connections import ConnectionState, DataType, Details, Direction, Method, Methodology, Secrets
from storage.records.goals import ImportGoal


@dataclass(frozen=True)
class WantedSignIn:
    """Who signs in, as a file says it. credentials: their name, None where the file gives none.

    secrets: what we sign in with, entered. password and public_key: what partners sign in to us with; None keeps
    what is there, or has it made. username: None likewise.
    """

    credentials: str | None = None
    username: str | None = None
    secrets: Secrets | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    public_key: str | None = None
    return_email: str = ""


@dataclass(frozen=True)
class WantedConnection:
    """One connection of the file; wanted has no sign-in yet. goals have no ids: their place tells them apart.

    hosted_folder: where it lies in a login's tree, None where Handoff chooses.
    """

    wanted: Wanted
    state: ConnectionState
    goals: tuple[ImportGoal, ...]
    sign_in: WantedSignIn | None
    hosted_folder: str | None


def connection(value: Any, where: str) -> WantedConnection:
    """Return one connection of the file."""
    place = Place(value, where)
    name = place.take("name", text)
    direction = place.take("direction", word(Direction))
    data_type = place.take("data_type", word(DataType))
    method = place.take("method", word(Method))
    methodology = place.take("methodology", word(Methodology))
    way = matrix.WAYS.get((direction, method, methodology))
    if way is None:
        raise errors.BadInput(
            f"{where}: {direction} {method} {methodology} does not exist; mail is pushed to a partner, never fetched."
        )
    if data_type not in data_types.offered(direction):
        raise errors.BadInput(f"{where}.data_type {data_type} is not offered yet.")
    wanted, sign_in = _server(place, where, way, (name, direction, data_type, method, methodology))
    is_hosted = matrix.is_hosted(direction, methodology)
    hosted_folder = place.take("hosted_folder", text, None) if is_hosted and method is not Method.EMAIL else None
    state = place.take("state", _state, ConnectionState.OFF)
    goals = _goals(place, where, direction, way, is_mail=method is Method.EMAIL)
    place.done()
    wrong = fields.name_problem(name, frozenset()) or fields.minutes_problem(wanted.every_minutes)
    wrong = wrong or (fields.hosted_folder_problem(hosted_folder) if hosted_folder else None)
    if wrong:
        raise errors.BadInput(f"{where}: {wrong}")
    return WantedConnection(wanted, state, goals, sign_in, hosted_folder)


def _goals(place: Place, where: str, direction: Direction, way: Way, *, is_mail: bool) -> tuple[ImportGoal, ...]:
    if direction is Direction.OUTBOUND:
        return ()
    found = place.take("goals", each(lambda value, at: goal(value, at, has_folder="folder" in way.place)), None)
    if found is None:
        return ()
    if not found:
        raise errors.BadInput(f"{where}.goals has 0 goals; give one, or leave goals out.")
    if is_mail and len(found) > 1:
        raise errors.BadInput(f"{where}.goals has {len(found)} goals; one goal reads the mails of a connection.")
    return tuple(found)


def _server(
    place: Place, where: str, way: Way, kinds: tuple[str, Direction, DataType, Method, Methodology]
) -> tuple[Wanted, WantedSignIn | None]:
    minutes = None
    if "every_minutes" in way.place:
        schedule = place.take("schedule", Place, None)
        minutes = schedule.take("every_minutes", integer) if schedule else None
        if schedule:
            schedule.done()
    host, port, host_key, is_plain, sign_in = "", 0, "", False, None
    if "host" in way.place:
        server, at = place.take("server", Place), f"{where}.server"
        host, port = server.take("host", text), server.take("port", integer, way.port)
        is_plain = server.take("plain", boolean, default=False) if "plain_ftp" in way.place else False
        is_optional = "host_key" in way.optional
        host_key = server.take("host_key", text, *(("",) if is_optional else ()))
        sign_in = _entered(server, at, way)
        server.done()
        check_key = fields.certificate_problem if is_optional else fields.host_key_problem
        wrong = fields.host_problem(host) or fields.port_problem(port) or check_key(host_key)
        if wrong:
            raise errors.BadInput(f"{at}: {wrong}")
    elif way.sign_in:
        sign_in = _provisioned(place, where, way)
    if sign_in is not None:
        sign_in = _named(place, where, way, sign_in)
    details = _details(place, where, way, is_plain=is_plain, is_in=kinds[1] is Direction.INBOUND)
    return Wanted(*kinds, host, port, host_key, minutes, details), sign_in


def _entered(place: Place, where: str, way: Way) -> WantedSignIn:
    secrets = Secrets(
        password=place.take("password", text, None),
        private_key=place.take("private_key", text, None),
        passphrase=place.take("passphrase", text, None),
    )
    takes_keys = matrix.SignInKind.PRIVATE_KEY in way.kinds
    if not takes_keys and secrets.private_key is not None:
        raise errors.BadInput(f"{where} has private_key, which only SFTP takes; give the password.")
    if secrets.password is None and secrets.private_key is None:
        wanted = "password or private_key, or both" if takes_keys else "password"
        raise errors.BadInput(f'{where} needs {wanted}, as "${{ENV_NAME}}".')
    return WantedSignIn(username=place.take("username", text), secrets=secrets)


def _provisioned(place: Place, where: str, way: Way) -> WantedSignIn:
    login = place.take("login", Place, None) if way.kinds else None
    if login is None:
        return WantedSignIn()
    takes_keys = matrix.SignInKind.PUBLIC_KEY in way.kinds
    found = WantedSignIn(
        username=login.take("username", text, None),
        password=login.take("password", text, None),
        public_key=login.take("public_key", text, None) if takes_keys else None,
    )
    login.done()
    wrong = fields.username_problem(found.username) if found.username is not None else None
    if wrong:
        raise errors.BadInput(f"{where}.login: {wrong}")
    return found


def _named(place: Place, where: str, way: Way, sign_in: WantedSignIn) -> WantedSignIn:
    name = place.take("credentials", text, None)
    email = place.take("return_email", text, "") if "return_email" in way.sign_in else ""
    wrong = fields.return_email_problem(email)
    wrong = wrong or (fields.credential_name_problem(name, frozenset()) if name is not None else None)
    if wrong:
        raise errors.BadInput(f"{where}: {wrong}")
    return WantedSignIn(name, sign_in.username, sign_in.secrets, sign_in.password, sign_in.public_key, email)


def _details(place: Place, where: str, way: Way, *, is_plain: bool, is_in: bool) -> Details:
    def given(field: str, check: Any, usual: Any) -> Any:
        return place.take(field, check, usual) if field in way.place else usual

    details = Details(
        plain_ftp=is_plain,
        delete_after_pull=given("delete_after_pull", boolean, usual=False),
        result_folder=given("result_folder", text, ""),
        address=place.take("address", text, "") if "address" in way.provided else "",
        recipients=tuple(given("recipients", each(text), [])),
        subject=given("subject", text, ""),
        folder=given("folder", text, "/") if not is_in else "/",
        allowed_senders=tuple(given("allowed_senders", each(text), [])),
    )
    wrong = fields.result_folder_problem(details.result_folder) or fields.senders_problem(details.allowed_senders)
    wrong = wrong or fields.folder_problem(details.folder)
    wrong = wrong or (fields.own_address_problem(details.address) if details.address else None)
    if "recipients" in way.place:
        wrong = wrong or fields.recipients_problem(details.recipients) or fields.subject_problem(details.subject)
    if wrong:
        raise errors.BadInput(f"{where}: {wrong}")
    return details


def _state(value: Any, where: str) -> ConnectionState:
    # YAML reads a bare on or off as a boolean.
    if value is True or value == "on":
        return ConnectionState.ON
    if value is False or value == "off":
        return ConnectionState.OFF
    raise errors.BadInput(f"{where} is {value}; it can be on or off.")
