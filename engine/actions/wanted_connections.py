"""Reads the connections of the YAML that `apply` takes, with their schedules and goals. Pure."""

from dataclasses import dataclass
from typing import Any

from engine.actions.connections import Wanted
from engine.actions.wanted_place import Place, boolean, each, integer, text, word
from engine.base import errors
from engine.connections import matrix, wizard
from storage.records.connections import ConnectionState, DataType, Direction, Method, Methodology, Secrets
from storage.records.goals import BLANKS, FileFormat, Identifier, ImportGoal, Mapping, PropertyType, Strategy

_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", BLANKS: BLANKS}


@dataclass(frozen=True)
class WantedConnection:
    """One connection of the file. goals have no ids yet: their place in the list tells them apart."""

    wanted: Wanted
    state: ConnectionState
    goals: tuple[ImportGoal, ...]


def connection(value: Any, where: str) -> WantedConnection:
    """Return one connection of the file."""
    place = Place(value, where)
    name = place.take("name", text)
    direction = place.take("direction", word(Direction))
    data_type = place.take("data_type", word(DataType))
    method = place.take("method", word(Method))
    methodology = place.take("methodology", word(Methodology))
    way = matrix.WAYS.get((direction, method, methodology))
    if way is None or not way.is_offered:
        raise errors.BadInput(f"{where}: {direction} {method} {methodology} is not offered yet; use inbound sftp pull.")
    if data_type not in matrix.data_types(direction):
        raise errors.BadInput(f"{where}.data_type {data_type} is not offered yet.")
    server = place.take("server", Place)
    state = place.take("state", _state, ConnectionState.OFF)
    schedule = place.take("schedule", Place, None)
    minutes = schedule.take("every_minutes", integer) if schedule else None
    if schedule:
        schedule.done()
    goals = place.take("goals", each(_goal))
    place.done()
    wanted = _server(server, f"{where}.server", name, (direction, data_type, method, methodology), minutes)
    found = wizard.name_problem(name, frozenset()) or wizard.minutes_problem(minutes)
    if found:
        raise errors.BadInput(f"{where}: {found}")
    if len(goals) != 1:
        raise errors.BadInput(f"{where}.goals has {len(goals)} goals; give one import goal.")
    return WantedConnection(wanted, state, tuple(goals))


def _server(
    place: Place,
    where: str,
    name: str,
    kinds: tuple[Direction, DataType, Method, Methodology],
    minutes: int | None,
) -> Wanted:
    secrets = Secrets(
        password=place.take("password", text, None),
        private_key=place.take("private_key", text, None),
        passphrase=place.take("passphrase", text, None),
    )
    if (secrets.password is None) == (secrets.private_key is None):
        raise errors.BadInput(f'{where} needs password or private_key, one of them, as "${{ENV_NAME}}".')
    wanted = Wanted(
        name,
        *kinds,
        host=place.take("host", text),
        port=place.take("port", integer, 22),
        username=place.take("username", text),
        host_key=place.take("host_key", text),
        secrets=secrets,
        every_minutes=minutes,
    )
    place.done()
    for problem in (
        wizard.host_problem(wanted.host),
        wizard.port_problem(wanted.port),
        wizard.host_key_problem(wanted.host_key),
    ):
        if problem:
            raise errors.BadInput(f"{where}: {problem}")
    return wanted


def _goal(value: Any, where: str) -> ImportGoal:
    outer = Place(value, where)
    place = outer.take("import", Place)
    outer.done()
    goal = ImportGoal(
        goal_id="",
        connection_id="",
        version=0,
        folder=place.take("folder", text),
        files=place.take("files", text),
        format=place.take("format", _format, FileFormat()),
        identifiers=tuple(place.take("identifiers", each(_identifier))),
        create_profiles=place.take("create_profiles", boolean, default=False),
        mappings=tuple(place.take("mappings", each(_mapping), [])),
    )
    place.done()
    return goal


def _format(value: Any, where: str) -> FileFormat:
    place = Place(value, where)
    separator = place.take("separator", lambda item, _: str(item), None)
    found = FileFormat(
        separator=_SEPARATORS.get(separator, separator) if separator is not None else None,
        header=place.take("header", boolean, default=True),
        encoding=place.take("encoding", text, None),
    )
    place.done()
    return found


def _identifier(value: Any, where: str) -> Identifier:
    place = Place(value, where)
    found = Identifier(place.take("field", text), place.take("property", text))
    place.done()
    return found


def _mapping(value: Any, where: str) -> Mapping:
    place = Place(value, where)
    found = Mapping(
        field=place.take("field", text),
        property=place.take("property", text),
        type=place.take("type", word(PropertyType), PropertyType.TEXT),
        strategy=place.take("strategy", word(Strategy), Strategy.SET),
        format=place.take("format", text, None),
    )
    place.done()
    return found


def _state(value: Any, where: str) -> ConnectionState:
    # YAML reads a bare on or off as a boolean.
    if value is True or value == "on":
        return ConnectionState.ON
    if value is False or value == "off":
        return ConnectionState.OFF
    raise errors.BadInput(f"{where} is {value}; it can be on or off.")
