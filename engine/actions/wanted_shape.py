"""Reads the YAML that `apply` takes into records; every mistake is named by its place in the file. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.actions.wanted_connections import WantedConnection, connection
from engine.actions.wanted_place import Place, boolean, each, text, word
from engine.base import errors
from storage.records.goals import Property, PropertyType
from storage.records.partners import ConfigurationState


@dataclass(frozen=True)
class WantedAudience:
    """One audience of the file; rule as typed."""

    name: str
    rule: str


@dataclass(frozen=True)
class WantedConfiguration:
    """One configuration of the file. settings hold the secrets too; state is None where the file does not say."""

    name: str
    partner: str
    settings: dict[str, str] = field(repr=False)
    state: ConfigurationState | None


@dataclass(frozen=True)
class WantedActivation:
    """One link of the file, by names. sends_current is None where the file does not say."""

    audience: str
    configuration: str
    property: str
    sends_current: bool | None


@dataclass(frozen=True)
class WantedFile:
    """All that a file names."""

    properties: tuple[Property, ...]
    connections: tuple[WantedConnection, ...]
    audiences: tuple[WantedAudience, ...]
    configurations: tuple[WantedConfiguration, ...]
    activations: tuple[WantedActivation, ...]


def read(wanted: Any) -> WantedFile:
    """Return what a parsed YAML file says.

    Raises:
        BadInput: One sentence that names the place and what is wrong.
    """
    place = Place(wanted, "")
    found = WantedFile(
        properties=_section(place, "properties", _property, lambda item: [item.name]),
        connections=_section(place, "connections", connection, lambda item: [item.wanted.name]),
        audiences=_section(place, "audiences", _audience, lambda item: [item.name]),
        configurations=_section(place, "configurations", _configuration, lambda item: [item.name]),
        activations=_section(place, "activations", _activation, lambda item: [item.configuration]),
    )
    place.done()
    return found


def _section(
    place: Place, name: str, check: Callable[[Any, str], Any], keys: Callable[[Any], Iterable[str]]
) -> tuple[Any, ...]:
    found = place.take(name, each(check), ())
    names = [key.lower() for item in found for key in keys(item)]
    for one in names:
        if names.count(one) > 1:
            raise errors.BadInput(f"{name} names {one} twice.")
    return tuple(found)


def _property(value: Any, where: str) -> Property:
    place = Place(value, where)
    found = Property(
        place.take("name", text),
        place.take("type", word(PropertyType)),
        is_unique=place.take("unique", boolean, default=False),
    )
    place.done()
    return found


def _audience(value: Any, where: str) -> WantedAudience:
    place = Place(value, where)
    found = WantedAudience(place.take("name", _name), place.take("rule", text))
    place.done()
    return found


def _configuration(value: Any, where: str) -> WantedConfiguration:
    place = Place(value, where)
    found = WantedConfiguration(
        name=place.take("name", _name),
        partner=place.take("partner", text),
        settings=place.take("settings", _settings, {}),
        state=place.take("state", word(ConfigurationState), None),
    )
    place.done()
    if found.state is ConfigurationState.STOPPED:
        raise errors.BadInput(f"{where}.state is stopped; it can be active, deactivated.")
    return found


def _settings(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise errors.BadInput(f"{where} should be a mapping of names to values.")
    found = {}
    for name, item in value.items():
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise errors.BadInput(f"{where}.{name} should be text or a number.")
        found[str(name)] = str(item)
    return found


def _activation(value: Any, where: str) -> WantedActivation:
    place = Place(value, where)
    found = WantedActivation(
        audience=place.take("audience", _name),
        configuration=place.take("configuration", _name),
        property=place.take("identifier", text),
        sends_current=place.take("send_current", boolean, None),
    )
    place.done()
    return found


def _name(value: Any, where: str) -> str:
    # As the pages keep them: blanks around and double blanks within are nobody's name.
    return " ".join(text(value, where).split())
