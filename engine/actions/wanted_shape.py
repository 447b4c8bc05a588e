"""Reads the YAML that `apply` takes into records; every mistake is named by its place in the file. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from engine.actions.connections import Wanted
from engine.base import errors
from engine.connections import matrix, wizard
from storage.records.connections import ConnectionState, DataType, Direction, Method, Methodology, Secrets
from storage.records.goals import BLANKS, FileFormat, Identifier, ImportGoal, Mapping, PropertyType, Strategy

_Word = TypeVar("_Word", bound=StrEnum)
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", BLANKS: BLANKS}


@dataclass(frozen=True)
class WantedConnection:
    """One connection of the file. goals have no ids yet: their place in the list tells them apart."""

    wanted: Wanted
    state: ConnectionState
    goals: tuple[ImportGoal, ...]


class Place:
    """A mapping of the file and where it stands; what nobody asked for is refused by `done`."""

    def __init__(self, value: Any, where: str) -> None:
        """Begin at a mapping."""
        if not isinstance(value, dict):
            raise errors.BadInput(f"{where} should be a mapping of names to values.")
        self._left = dict(value)
        self._where = where

    def take(self, name: str, check: Callable[[Any, str], Any], default: Any = ...) -> Any:
        """Return one checked value; without a default it must be there."""
        where = f"{self._where}.{name}" if self._where else name
        if name not in self._left:
            if default is ...:
                raise errors.BadInput(f"{where} is missing.")
            return default
        return check(self._left.pop(name), where)

    def done(self) -> None:
        """Refuse names that mean nothing here, so that a misspelt one is not silently left out."""
        if self._left:
            where = self._where or "the file"
            raise errors.BadInput(f"{where} has {', '.join(map(str, self._left))}, which is not known there.")


def read(wanted: Any) -> tuple[WantedConnection, ...]:
    """Return the connections of a parsed YAML file.

    Raises:
        BadInput: One sentence that names the place and what is wrong.
    """
    place = Place(wanted, "")
    found = place.take("connections", _each(_connection), ())
    place.done()
    names = [item.wanted.name.lower() for item in found]
    for name in names:
        if names.count(name) > 1:
            raise errors.BadInput(f"connections names {name} twice.")
    return tuple(found)


def _connection(value: Any, where: str) -> WantedConnection:
    place = Place(value, where)
    name = place.take("name", _text)
    direction = place.take("direction", _word(Direction))
    data_type = place.take("data_type", _word(DataType))
    method = place.take("method", _word(Method))
    methodology = place.take("methodology", _word(Methodology))
    way = matrix.WAYS.get((direction, method, methodology))
    if way is None or not way.is_offered:
        raise errors.BadInput(f"{where}: {direction} {method} {methodology} is not offered yet; use inbound sftp pull.")
    if data_type not in matrix.data_types(direction):
        raise errors.BadInput(f"{where}.data_type {data_type} is not offered yet.")
    server = place.take("server", Place)
    state = place.take("state", _state, ConnectionState.OFF)
    schedule = place.take("schedule", Place, None)
    minutes = schedule.take("every_minutes", _integer) if schedule else None
    if schedule:
        schedule.done()
    goals = place.take("goals", _each(_goal))
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
        password=place.take("password", _text, None),
        private_key=place.take("private_key", _text, None),
        passphrase=place.take("passphrase", _text, None),
    )
    if (secrets.password is None) == (secrets.private_key is None):
        raise errors.BadInput(f'{where} needs password or private_key, one of them, as "${{ENV_NAME}}".')
    wanted = Wanted(
        name,
        *kinds,
        host=place.take("host", _text),
        port=place.take("port", _integer, 22),
        username=place.take("username", _text),
        host_key=place.take("host_key", _text),
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
        folder=place.take("folder", _text),
        files=place.take("files", _text),
        format=place.take("format", _format, FileFormat()),
        identifiers=tuple(place.take("identifiers", _each(_identifier))),
        create_profiles=place.take("create_profiles", _boolean, default=False),
        mappings=tuple(place.take("mappings", _each(_mapping), [])),
    )
    place.done()
    return goal


def _format(value: Any, where: str) -> FileFormat:
    place = Place(value, where)
    separator = place.take("separator", lambda item, _: str(item), None)
    found = FileFormat(
        separator=_SEPARATORS.get(separator, separator) if separator is not None else None,
        header=place.take("header", _boolean, default=True),
        encoding=place.take("encoding", _text, None),
    )
    place.done()
    return found


def _identifier(value: Any, where: str) -> Identifier:
    place = Place(value, where)
    found = Identifier(place.take("field", _text), place.take("property", _text))
    place.done()
    return found


def _mapping(value: Any, where: str) -> Mapping:
    place = Place(value, where)
    found = Mapping(
        field=place.take("field", _text),
        property=place.take("property", _text),
        type=place.take("type", _word(PropertyType), PropertyType.TEXT),
        strategy=place.take("strategy", _word(Strategy), Strategy.SET),
        format=place.take("format", _text, None),
    )
    place.done()
    return found


def _each(check: Callable[[Any, str], Any]) -> Callable[[Any, str], list[Any]]:
    def listed(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise errors.BadInput(f"{where} should be a list.")
        return [check(item, f"{where}[{number}]") for number, item in enumerate(value)]

    return listed


def _word(kind: type[_Word]) -> Callable[[Any, str], _Word]:
    def chosen(value: Any, where: str) -> _Word:
        if not isinstance(value, str) or value not in {item.value for item in kind}:
            raise errors.BadInput(f"{where} is {value}; it can be {', '.join(item.value for item in kind)}.")
        return kind(value)

    return chosen


def _state(value: Any, where: str) -> ConnectionState:
    # YAML reads a bare on or off as a boolean.
    if value is True or value == "on":
        return ConnectionState.ON
    if value is False or value == "off":
        return ConnectionState.OFF
    raise errors.BadInput(f"{where} is {value}; it can be on or off.")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise errors.BadInput(f"{where} should be text.")
    return value


def _integer(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.BadInput(f"{where} should be a whole number.")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise errors.BadInput(f"{where} should be true or false.")
    return value
