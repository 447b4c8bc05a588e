"""Applies the audiences, configurations and activations of a YAML file, over the same code as the pages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from engine.actions import audiences as audience_actions
from engine.actions import configurations as configuration_actions
from engine.actions.configurations import Saved, Wanted
from engine.actions.desk import Desk
from engine.actions.wanted_shape import WantedActivation, WantedAudience, WantedConfiguration, WantedFile
from engine.base import errors
from engine.flows import lifecycle
from engine.security import audit
from engine.security.audit import What
from storage.database import Cursor
from storage.records.audiences import Activation
from storage.records.goals import Property
from storage.records.partners import Configuration, ConfigurationState
from storage.records.people import Caller
from storage.tables import audiences, configurations

_ACTIVE, _DEACTIVATED = ConfigurationState.ACTIVE, ConfigurationState.DEACTIVATED


@dataclass
class Touched:
    """What has to follow the transaction: audiences to recompute and configurations to activate, by id."""

    audiences: list[str] = field(default_factory=list)
    configurations: list[str] = field(default_factory=list)

    def audience(self, audience_id: str) -> None:
        """Note an audience, once."""
        if audience_id not in self.audiences:
            self.audiences.append(audience_id)


class _RehearsedError(Exception):
    """Ends the rehearsal, so that nothing of it stays."""


def check(desk: Desk, file: WantedFile, caller: Caller, known: Mapping[str, Property]) -> None:
    """Refuse what cannot be, before anything is written.

    Args:
        desk: The open home.
        file: What the file says.
        caller: Who applies, for the audit of what is tried out and undone.
        known: The properties there are and those that the file makes, by lower-case name.

    Raises:
        BadInput: One sentence with the place in the file.
    """
    for number, item in enumerate(file.audiences):
        with _at(f"audiences[{number}]"):
            audience_actions.check(item.name, item.rule, known)
    # Only a transaction sees whether a list or an address may change, so the configurations are written and undone.
    with suppress(_RehearsedError), desk.database.write("ctl") as cursor:
        for number, configuration in enumerate(file.configurations):
            with _at(f"configurations[{number}]"):
                _save(desk, cursor, caller, configuration)
        raise _RehearsedError
    with desk.database.read() as cursor:
        for number, activation in enumerate(file.activations):
            with _at(f"activations[{number}]"):
                _check_activation(cursor, activation, file, known)


def put(desk: Desk, cursor: Cursor, caller: Caller, file: WantedFile, touched: Touched) -> list[dict[str, Any]]:
    """Write what the file says inside the caller's ctl transaction; return the lines of the difference."""
    lines = [_put_audience(cursor, caller, item, touched) for item in file.audiences]
    lines += [_put_configuration(desk, cursor, caller, item, touched) for item in file.configurations]
    for number, item in enumerate(file.activations):
        with _at(f"activations[{number}]"):
            lines.append(_put_activation(cursor, caller, item, touched))
    return lines


def activate(desk: Desk, touched: Touched, caller: Caller) -> None:
    """Activate what the file wants active and is not; each in its own steps, as on the page."""
    for configuration_id in touched.configurations:
        configuration_actions.activate(desk, caller, configuration_id)
        with desk.database.read() as cursor:
            for activation in audiences.activations_of_configuration(cursor, configuration_id):
                touched.audience(activation.audience_id)


@contextmanager
def _at(where: str) -> Iterator[None]:
    try:
        yield
    except (errors.BadInput, errors.GiveUp) as error:
        raise errors.BadInput(f"{where}: {error}") from error


def _save(desk: Desk, cursor: Cursor, caller: Caller, item: WantedConfiguration) -> tuple[Configuration | None, Saved]:
    before = configurations.by_name(cursor, item.name)
    # A name is known whatever its capitals; a file does not change them.
    wanted = Wanted(before.name if before else item.name, item.partner, item.settings)
    return before, configuration_actions.put(desk, cursor, caller, wanted, before.configuration_id if before else None)


def _check_activation(cursor: Cursor, item: WantedActivation, file: WantedFile, known: Mapping[str, Property]) -> None:
    audience = audiences.by_name(cursor, item.audience)
    if audience is None and item.audience.lower() not in {one.name.lower() for one in file.audiences}:
        raise errors.BadInput(f"There is no audience {item.audience}, neither here nor in the file.")
    configuration = configurations.by_name(cursor, item.configuration)
    if configuration is None and item.configuration.lower() not in {one.name.lower() for one in file.configurations}:
        raise errors.BadInput(f"There is no configuration {item.configuration}, neither here nor in the file.")
    if item.property.lower() not in known:
        names = ", ".join(held.name for held in known.values()) or "none yet"
        raise errors.BadInput(f"There is no property {item.property}; there is: {names}.")
    for present in _open_link(cursor, configuration):
        taken = audiences.by_id(cursor, present.audience_id)
        if taken is not None and (audience is None or taken.audience_id != audience.audience_id):
            raise errors.BadInput(
                f"{item.configuration} takes {taken.name} already, and a configuration takes one audience; "
                "unlink that one first."
            )
        _check_same(present, item)


def _check_same(present: Activation, item: WantedActivation) -> None:
    """Refuse to change a link: whom the partner knows by the old identifier, it would keep for ever."""
    link = f"{item.audience} is linked to {item.configuration}"
    if present.property.lower() != item.property.lower():
        raise errors.BadInput(f"{link} by {present.property}; unlink it first to use {item.property}.")
    if item.sends_current not in (None, present.sends_current):
        said = str(present.sends_current).lower()
        raise errors.BadInput(f"{link} with send_current {said}, which counts at the start; unlink it first.")


def _open_link(cursor: Cursor, configuration: Configuration | None) -> list[Activation]:
    return audiences.activations_of_configuration(cursor, configuration.configuration_id) if configuration else []


def _put_audience(cursor: Cursor, caller: Caller, item: WantedAudience, touched: Touched) -> dict[str, Any]:
    before = audiences.by_name(cursor, item.name)
    name = before.name if before else item.name
    after = audience_actions.put(cursor, caller, before.audience_id if before else None, name, item.rule)
    fields: dict[str, list[Any]] = {}
    if before is None or before.rule != after.rule:
        fields["rule"] = [before.rule if before else None, after.rule]
        touched.audience(after.audience_id)
    return _line("audience", after.name, fields, is_new=before is None)


def _put_configuration(
    desk: Desk, cursor: Cursor, caller: Caller, item: WantedConfiguration, touched: Touched
) -> dict[str, Any]:
    before, saved = _save(desk, cursor, caller, item)
    fields = {name: pair for name, pair in saved.fields.items() if name != "name"}
    present = saved.configuration
    state = item.state or _state_unsaid(before, fields)
    if state is not (before.state if before else None):
        fields["state"] = [before.state.value if before else None, state.value]
    if state is _DEACTIVATED and present.state is not _DEACTIVATED:
        lifecycle.deactivate(cursor, present)
        what = What("configuration", present.configuration_id, present.name)
        said = {"state": before.state.value} if before else None
        audit.record(cursor, caller, "deactivated", what, before=said, after={"state": state.value})
    elif state is _ACTIVE and present.state is not _ACTIVE:
        touched.configurations.append(present.configuration_id)
    return _line("configuration", present.name, fields, is_new=before is None)


def _state_unsaid(before: Configuration | None, fields: dict[str, list[Any]]) -> ConfigurationState:
    """Return the state where the file says none: a new one is active, what a person deactivated stays so.

    One that was stopped, because the partner refused it, is active again once the file has changed it.
    """
    if before is None or (before.state is ConfigurationState.STOPPED and fields):
        return _ACTIVE
    return before.state


def _put_activation(cursor: Cursor, caller: Caller, item: WantedActivation, touched: Touched) -> dict[str, Any]:
    audience = audiences.by_name(cursor, item.audience)
    configuration = configurations.by_name(cursor, item.configuration)
    if audience is None or configuration is None:
        raise errors.BadInput("Its audience or its configuration was deleted meanwhile; apply again.")
    name = f"{audience.name} -> {configuration.name}"
    if any(present.audience_id == audience.audience_id for present in _open_link(cursor, configuration)):
        return _line("activation", name, {}, is_new=False)
    made = audience_actions.put_link(
        cursor,
        caller,
        audience.audience_id,
        configuration.configuration_id,
        item.property,
        sends_current=item.sends_current is not False,
    )
    touched.audience(audience.audience_id)
    fields: dict[str, list[Any]] = {"identifier": [None, made.property], "send_current": [None, made.sends_current]}
    return _line("activation", name, fields, is_new=True)


def _line(kind: str, name: str, fields: dict[str, list[Any]], *, is_new: bool) -> dict[str, Any]:
    did = "created" if is_new else "changed" if fields else "unchanged"
    return {"kind": kind, "name": name, "did": did, "fields": fields}
