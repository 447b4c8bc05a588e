"""What can be done with an audience: make, change, delete, link it to a configuration, unlink it.

The functions that begin with put_ work inside the caller's transaction and ask for no right: `apply` shares them.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from engine.actions.desk import Desk
from engine.audiences import rule as rules
from engine.base import clock, errors, ids, limits
from engine.flows import queue
from engine.partners import catalog
from engine.partners import settings as partner_settings
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.audiences import Activation, Audience
from storage.records.goals import Property
from storage.records.partners import Configuration, ConfigurationState
from storage.records.people import Caller
from storage.tables import audiences, configurations, members, profiles

_GONE = "This audience is not there any more; go back to the list."
_AT = "@"


def save(desk: Desk, caller: Caller, audience_id: str | None, name: str, rule: str) -> Audience:
    """Make an audience (no id) or change one; a new rule recomputes by itself. Nothing new writes nothing.

    Raises:
        BadInput: The name is blank, too long or taken, or the rule cannot be read.
        GiveUp: The audience is not there any more.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("audience", audience_id or "", name))
    with desk.database.write("ctl") as cursor:
        return put(cursor, caller, audience_id, name, rule)


def check(name: str, rule: str, known: Mapping[str, Property]) -> None:
    """Pass where an audience can have this name and rule; pure.

    Args:
        name: As typed.
        rule: As typed.
        known: The properties there are, by lower-case name.

    Raises:
        BadInput: The name is blank or too long, or the rule cannot be read.
    """
    said = _tidy(name)
    if not said:
        raise errors.BadInput("An audience needs a name, for example Big spenders.", "name")
    if len(said) > limits.NAME_CHARACTERS_MAX:
        raise errors.BadInput(
            f"This name has {len(said)} characters; shorten it to {limits.NAME_CHARACTERS_MAX}.", "name"
        )
    rules.parse(rule, known)


def put(cursor: Cursor, caller: Caller, audience_id: str | None, name: str, rule: str) -> Audience:
    """Write an audience inside the caller's ctl transaction, audited, and queue its recompute where its rule is new.

    Raises:
        BadInput: The name is blank, too long or taken, or the rule cannot be read.
        GiveUp: The audience is not there any more.
    """
    check(name, rule, profiles.properties(cursor))
    before = known_audience(cursor, audience_id) if audience_id else None
    name, rule = _tidy(name), rule.strip()
    named = audiences.by_name(cursor, name)
    if named is not None and named.audience_id != audience_id:
        raise errors.BadInput(f"An audience named {named.name} exists; choose another name.", "name")
    if before is not None and (before.name, before.rule) == (name, rule):
        return before
    now = clock.now()
    audience = Audience(audience_id or ids.ulid(), name, rule, before.created_at if before else now, now)
    audiences.put(cursor, audience)
    did = "changed" if before else "created"
    audit.record(cursor, caller, did, _what(audience), before=_said(before), after=_said(audience))
    if before is None or before.rule != rule:
        queue.add_recompute(cursor, audience.audience_id, caller.name)
    return audience


def delete(desk: Desk, caller: Caller, audience_id: str) -> None:
    """Delete an audience that no configuration takes; what was sent stays in the statistics.

    Raises:
        GiveUp: It is linked, or not there any more.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("audience", audience_id))
    with desk.database.write("ctl") as cursor:
        audience = known_audience(cursor, audience_id)
        linked = [
            _configuration_name(cursor, activation)
            for activation in audiences.activations_of_audience(cursor, audience_id)
        ]
        if linked:
            raise errors.GiveUp(f"{audience.name} is linked to {', '.join(linked)}; unlink it first.")
        audiences.delete(cursor, audience_id)
        audit.record(cursor, caller, "deleted", _what(audience), before=_said(audience))
        # The recompute of an audience that is gone forgets its members.
        queue.add_recompute(cursor, audience_id, caller.name)


def link(
    desk: Desk, caller: Caller, audience_id: str, configuration_id: str, property_name: str, *, sends_current: bool
) -> Activation:
    """Link an audience to a configuration, so that whoever enters or leaves is told there.

    Args:
        desk: The open home.
        caller: Who asks.
        audience_id: What is sent.
        configuration_id: Where to; a configuration takes one audience at a time.
        property_name: The profile property whose value tells the partner who it is.
        sends_current: Send the members of now too, not only those who enter later.

    Raises:
        BadInput: The configuration takes an audience, or the property cannot be its identifier.
        GiveUp: Audience or configuration are not there any more.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("audience", audience_id))
    with desk.database.write("ctl") as cursor:
        return put_link(cursor, caller, audience_id, configuration_id, property_name, sends_current=sends_current)


def put_link(
    cursor: Cursor, caller: Caller, audience_id: str, configuration_id: str, property_name: str, *, sends_current: bool
) -> Activation:
    """Link inside the caller's ctl transaction, audited, and queue the recompute that sends; raises as `link`."""
    audience = known_audience(cursor, audience_id)
    configuration = configurations.by_id(cursor, configuration_id)
    if configuration is None:
        raise errors.GiveUp("This configuration is not there any more; choose another.")
    _check_is_free(cursor, configuration)
    held = profiles.properties(cursor).get(property_name.strip().lower())
    if held is None:
        raise errors.BadInput(f"There is no property {property_name}; choose one that profiles have.", "property")
    form = partner_settings.identifier_form(catalog.manifest_of(configuration.partner), configuration.settings)
    if not form.is_hashed and profiles.has_value_with(cursor, held.name, _AT):
        raise errors.BadInput(
            f"{held.name} holds e-mail addresses, which {configuration.name} would send as they are: "
            "choose its e-mail identifier, which hashes them, or another property here.",
            "property",
        )
    activation = Activation(
        activation_id=ids.ulid(),
        audience_id=audience_id,
        configuration_id=configuration_id,
        property=held.name,
        sends_current=sends_current,
        created_at=clock.now(),
        ended_at=None,
        sends_removes=False,
    )
    audiences.add_activation(cursor, activation)
    after = {"configuration": configuration.name, "property": held.name, "sends_current": sends_current}
    audit.record(cursor, caller, "linked", _what(audience), after=after)
    queue.add_recompute(cursor, audience_id, caller.name)
    return activation


def unlink(desk: Desk, caller: Caller, activation_id: str, *, sends_removes: bool) -> None:
    """End a link. sends_removes: whoever was sent is removed at the partner; else they stay there.

    Raises:
        BadInput: Removes are wanted, and the configuration does not send now.
        GiveUp: The link is not there any more.
    """
    audit.allow(desk.database, caller, Right.EDIT_AUDIENCES, What("activation", activation_id))
    with desk.database.write("ctl") as cursor:
        put_unlink(cursor, caller, activation_id, sends_removes=sends_removes)


def put_unlink(cursor: Cursor, caller: Caller, activation_id: str, *, sends_removes: bool) -> None:
    """Unlink inside the caller's ctl transaction, audited, and queue what follows; raises as `unlink`."""
    activation = audiences.activation(cursor, activation_id)
    if activation is None or activation.ended_at is not None:
        raise errors.GiveUp("This link is not there any more; go back to the audience.")
    audience = known_audience(cursor, activation.audience_id)
    configuration = configurations.by_id(cursor, activation.configuration_id, with_deleted=True)
    if sends_removes and (configuration is None or configuration.state is not ConfigurationState.ACTIVE):
        state = configuration.state.value if configuration else "gone"
        raise errors.BadInput(
            f"{_configuration_name(cursor, activation)} is {state}, so it sends no removes: "
            "activate it first, or unlink without them.",
            "sends_removes",
        )
    audiences.end_activation(cursor, activation_id, clock.now(), sends_removes=sends_removes)
    what_was = {"configuration": _configuration_name(cursor, activation), "property": activation.property}
    audit.record(cursor, caller, "unlinked", _what(audience), before=what_was, after={"sends_removes": sends_removes})
    queue.add_recompute(cursor, activation.audience_id, caller.name)


def known_audience(cursor: Cursor, audience_id: str) -> Audience:
    """Return an audience by id.

    Raises:
        GiveUp: It is not there.
    """
    audience = audiences.by_id(cursor, audience_id)
    if audience is None:
        raise errors.GiveUp(_GONE)
    return audience


def _check_is_free(cursor: Cursor, configuration: Configuration) -> None:
    """Pass where a configuration takes no audience and owes nothing of an earlier one.

    Its list at the partner holds one audience. Removes of the earlier one that are not written yet would come
    after the adds of the next, and take away whoever is in both.
    """
    for activation in audiences.activations_of_configuration(cursor, configuration.configuration_id, with_ended=True):
        audience = audiences.by_id(cursor, activation.audience_id)
        name = audience.name if audience else "an earlier audience"
        if activation.ended_at is None:
            raise errors.BadInput(
                f"{configuration.name} takes {name} already, and a configuration takes one audience: "
                "unlink that one first, or choose another configuration.",
                "configuration",
            )
        if activation.sends_removes and members.has_told(cursor, activation.activation_id):
            raise errors.BadInput(
                f"{configuration.name} has yet to be told of the removes of {name}; link again when they are on "
                "their way.",
                "configuration",
            )


def _configuration_name(cursor: Cursor, activation: Activation) -> str:
    configuration = configurations.by_id(cursor, activation.configuration_id, with_deleted=True)
    return configuration.name if configuration else "a configuration that is gone"


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _what(audience: Audience) -> What:
    return What("audience", audience.audience_id, audience.name)


def _said(audience: Audience | None) -> dict[str, Any] | None:
    if audience is None:
        return None
    said = dataclasses.asdict(audience)
    return {name: said[name] for name in ("name", "rule")}
