"""What can be done with a configuration of a partner: set up, change, test, deactivate, activate, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.actions.desk import Desk
from engine.base import clock, errors, ids, limits
from engine.flows import lifecycle, queue, sealing
from engine.partners import catalog
from engine.partners import settings as partner_settings
from engine.partners.manifest import Manifest
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.partners import Configuration, ConfigurationState
from storage.records.people import Caller
from storage.tables import audiences, batches, configurations, members

_GONE = "This configuration is not there any more; go back to the list."


@dataclass(frozen=True)
class Wanted:
    """How a configuration should be. settings: by the names of the manifest's fields, as text, secrets among them.

    A secret that is missing or empty stays as it was; any other missing field has its default.
    """

    name: str
    partner: str
    settings: Mapping[str, str]

    def __repr__(self) -> str:
        """Name it without its settings: there are secrets among them."""
        return f"Wanted({self.name!r}, {self.partner!r})"


class Refused(errors.BadInput):
    """Fields that cannot be used; problems has a sentence by field, the error's own sentence is the first of them."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the sentences; there is at least one."""
        field, sentence = next(iter(problems.items()))
        super().__init__(sentence, field)
        self.problems = dict(problems)


@dataclass(frozen=True)
class Saved:
    """A configuration after `put`. did: created, changed or unchanged; fields: [before, after] by name, no secrets."""

    configuration: Configuration
    did: str
    fields: dict[str, list[Any]]


def save(
    desk: Desk,
    caller: Caller,
    configuration_id: str | None,
    wanted: Wanted,
    *,
    seen: Mapping[str, str] | None = None,
) -> Configuration:
    """Set up a configuration, active, or change one, whose state stays.

    Args:
        desk: The open home.
        caller: Who.
        configuration_id: Which one is changed; None sets up a new one.
        wanted: How it should be.
        seen: The settings that the caller's form was drawn with; what somebody else saved since is not overwritten.

    Raises:
        Refused: Fields cannot be used.
        GiveUp: It is gone, or was changed by somebody else meanwhile.
    """
    audit.allow(
        desk.database, caller, Right.EDIT_CONNECTORS, What("configuration", configuration_id or "", wanted.name)
    )
    with desk.database.write("ctl") as cursor:
        if configuration_id and seen is not None and known(cursor, configuration_id).settings != dict(seen):
            raise errors.GiveUp(f"{wanted.name} was changed by somebody else meanwhile; reload the page to see it.")
        return put(desk, cursor, caller, wanted, configuration_id).configuration


def put(desk: Desk, cursor: Cursor, caller: Caller, wanted: Wanted, configuration_id: str | None) -> Saved:
    """Write a configuration inside the caller's ctl transaction, audited; nothing is written where nothing changed.

    Raises:
        Refused: Fields cannot be used.
        GiveUp: It is gone.
    """
    before = known(cursor, configuration_id) if configuration_id else None
    manifest = catalog.manifest_of(wanted.partner)
    kept = sealing.of_configuration(desk, cursor, before.configuration_id) if before else {}
    settings, secrets = partner_settings.split(manifest, completed(manifest, wanted.settings))
    found = _problems(cursor, manifest, wanted, before, settings, {**kept, **secrets})
    if before is not None:
        found = {
            **_fixed(cursor, manifest, before, settings),
            **_misdirected(manifest, before, settings, secrets),
            **found,
        }
    if found:
        raise Refused(found)
    name, secrets = wanted.name.strip(), {**kept, **secrets}
    after = Configuration(
        configuration_id=before.configuration_id if before else ids.ulid(),
        name=name,
        partner=wanted.partner,
        settings=settings,
        state=before.state if before else ConfigurationState.ACTIVE,
        stopped_reason=before.stopped_reason if before else None,
        created_at=before.created_at if before else clock.now(),
        changed_at=clock.now(),
    )
    fields = _differences(before, after, kept, secrets)
    if not fields:
        return Saved(before or after, "unchanged", {})
    sealed = sealing.seal_named(desk, sealing.for_configuration(after.configuration_id), secrets)
    configurations.put(cursor, after, sealed)
    did = "changed" if before else "created"
    audit.record(
        cursor,
        caller,
        did,
        _what(after),
        before={field: pair[0] for field, pair in fields.items()} if before else None,
        after={field: pair[1] for field, pair in fields.items()},
    )
    return Saved(after, did, fields)


def completed(manifest: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    """Return settings as they are kept: without blanks around them, and without those that say nothing.

    What is empty has its default. Advanced fields at their default are left out, so that they follow the manifest;
    a choice is kept in words, for what it was when an audience was linked must not change by itself.
    """
    kept = {name: value.strip() for name, value in given.items() if value.strip()}
    for item in manifest.fields:
        if item.is_advanced and kept.get(item.name) == item.default:
            del kept[item.name]
        elif not item.is_advanced and item.default:
            kept.setdefault(item.name, item.default)
    return kept


def check(wanted: Wanted) -> None:
    """Refuse what cannot be, secrets included, before anything is looked at in the database.

    Raises:
        Refused: Fields cannot be used.
        GiveUp: There is no such partner.
    """
    manifest = catalog.manifest_of(wanted.partner)
    found = {**_name_problem(wanted.name), **partner_settings.problems(manifest, completed(manifest, wanted.settings))}
    if found:
        raise Refused(found)


def deactivate(desk: Desk, caller: Caller, configuration_id: str) -> int:
    """Stop sending to a configuration, and hold what waits (requirements L01, L02).

    Returns:
        How many messages are held, calls on the wire included.
    """
    audit.allow(desk.database, caller, Right.SWITCH_CONNECTORS, What("configuration", configuration_id))
    with desk.database.write("ctl") as cursor:
        before = known(cursor, configuration_id)
        if before.state is ConfigurationState.DEACTIVATED:
            return batches.waiting(cursor, configuration_id)
        held = lifecycle.deactivate(cursor, before)
        _record_state(cursor, caller, before, ConfigurationState.DEACTIVATED)
    return held


def activate(desk: Desk, caller: Caller, configuration_id: str) -> None:
    """Send again: the net difference to what the partner was last told goes out (requirement L04)."""
    audit.allow(desk.database, caller, Right.SWITCH_CONNECTORS, What("configuration", configuration_id))
    with desk.database.write("ctl") as cursor:
        before = known(cursor, configuration_id)
        if before.state is ConfigurationState.ACTIVE:
            return
        _record_state(cursor, caller, before, ConfigurationState.ACTIVE)
    # Its steps are each their own transaction, and each harmless when done twice.
    lifecycle.activate(desk, configuration_id, caller.name)


def delete(desk: Desk, caller: Caller, configuration_id: str) -> None:
    """Delete a configuration that no audience is linked to; its statistics stay (requirements L05, L07, L11, Q16).

    Links are made in transactions on ctl too, one after the other with this one: none slips in after the check.

    Raises:
        GiveUp: Audiences are linked, which the sentence names, or messages are on their way.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTORS, What("configuration", configuration_id))
    with desk.database.write("ctl") as cursor:
        before = known(cursor, configuration_id)
        names = [
            found.name
            for activation in audiences.activations_of_configuration(cursor, configuration_id)
            if (found := audiences.by_id(cursor, activation.audience_id))
        ]
        if names:
            used = f"{len(names)} audience{'s' if len(names) > 1 else ''}"
            raise errors.GiveUp(f"{before.name} is used by {used}: {', '.join(names)}. Remove it there first.")
        _end_messages(cursor, before)
        configurations.mark_deleted(cursor, configuration_id, clock.now())
        audit.record(cursor, caller, "deleted", _what(before), before={"name": before.name, **before.settings})


def ask_test(desk: Desk, caller: Caller, configuration_id: str | None, wanted: Wanted) -> str:
    """Try these settings at the partner, saved or not; return the id of the question.

    Raises:
        Refused: Fields cannot be used.
    """
    audit.allow(
        desk.database, caller, Right.EDIT_CONNECTORS, What("configuration", configuration_id or "", wanted.name)
    )
    manifest = catalog.manifest_of(wanted.partner)
    with desk.database.write("ctl") as cursor:
        before = known(cursor, configuration_id) if configuration_id else None
        kept = sealing.of_configuration(desk, cursor, before.configuration_id) if before else {}
        settings, secrets = partner_settings.split(manifest, completed(manifest, wanted.settings))
        found = partner_settings.problems(manifest, {**settings, **kept, **secrets})
        if before is not None:
            found = {**_misdirected(manifest, before, settings, secrets), **found}
        if found:
            raise Refused(found)
        job_id = ids.ulid()
        # Sealed for this question alone; whoever answers it throws it away.
        sealed = sealing.seal_named(desk, sealing.for_question(job_id), {**settings, **kept, **secrets})
        arguments = {"job_id": job_id, "partner": wanted.partner, "sealed": sealed}
        key = f"test_partner:{configuration_id or job_id}"
        return queue.add_question(cursor, queue.TEST_PARTNER, arguments, key, caller.name, job_id)


def known(cursor: Cursor, configuration_id: str) -> Configuration:
    """Return a configuration by id.

    Raises:
        GiveUp: It is not there.
    """
    found = configurations.by_id(cursor, configuration_id)
    if found is None:
        raise errors.GiveUp(_GONE)
    return found


def _problems(
    cursor: Cursor,
    manifest: Manifest,
    wanted: Wanted,
    before: Configuration | None,
    settings: dict[str, str],
    secrets: dict[str, str],
) -> dict[str, str]:
    found = _name_problem(wanted.name)
    named = configurations.by_name(cursor, wanted.name.strip())
    if named is not None and (before is None or named.configuration_id != before.configuration_id):
        found["name"] = f"A configuration named {named.name} exists. Choose another name."
    if before is not None and before.partner != wanted.partner:
        known_as = catalog.manifest_of(before.partner).name
        found["partner"] = f"{before.name} is an account at {known_as}; set up a new one for another partner."
    return {**found, **partner_settings.problems(manifest, {**settings, **secrets})}


def _name_problem(name: str) -> dict[str, str]:
    if not name.strip():
        return {"name": "Give the configuration a name."}
    if len(name.strip()) > limits.NAME_CHARACTERS_MAX:
        return {"name": f"The name is longer than {limits.NAME_CHARACTERS_MAX} characters."}
    return {}


def _fixed(cursor: Cursor, manifest: Manifest, before: Configuration, settings: dict[str, str]) -> dict[str, str]:
    """Refuse another list or identifier while somebody is in the old one by our doing: removes would miss them."""
    changed = [
        item
        for item in manifest.fields
        if item.is_fixed_while_linked
        and before.settings.get(item.name, item.default) != settings.get(item.name, item.default)
    ]
    if not changed:
        return {}
    linked = audiences.activations_of_configuration(cursor, before.configuration_id)
    audience = audiences.by_id(cursor, linked[0].audience_id) if linked else None
    if audience is not None:
        why = f"cannot change while {audience.name} is sent there; unlink that audience first."
    elif _has_messages(cursor, before.configuration_id):
        why = "cannot change while messages for it are on their way; wait until they have gone."
    else:
        return {}
    return {item.name: f"{item.label} {why}" for item in changed}


def _misdirected(
    manifest: Manifest, before: Configuration, settings: dict[str, str], secrets: dict[str, str]
) -> dict[str, str]:
    """Ask for stored secrets anew where another server would get them: nobody can see them, nor have them sent on."""
    is_moved = any(
        before.settings.get(item.name, item.default) != settings.get(item.name, item.default)
        for item in manifest.fields
        if item.kind == "url"
    )
    if not is_moved:
        return {}
    return {
        item.name: f"{item.label} has to be entered again, for it would go to another address."
        for item in manifest.fields
        if item.kind == "secret" and item.name not in secrets
    }


def _differences(
    before: Configuration | None, after: Configuration, kept: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, list[Any]]:
    old = {"name": before.name, "partner": before.partner, **before.settings} if before else {}
    new = {"name": after.name, "partner": after.partner, **after.settings}
    found = {field: [old.get(field), new.get(field)] for field in {**old, **new} if old.get(field) != new.get(field)}
    if before is None:
        return found
    return {**found, **{name: ["set", "changed"] for name in secrets if secrets[name] != kept.get(name)}}


def _has_messages(cursor: Cursor, configuration_id: str) -> bool:
    """Say whether anything is owed to the partner: in a batch, in a wave, or by a link that has ended."""
    is_unmade = any(wave.configuration_id == configuration_id for wave in batches.unmade(cursor))
    ended = audiences.activations_of_configuration(cursor, configuration_id, with_ended=True)
    is_owed = any(item.sends_removes and members.has_told(cursor, item.activation_id) for item in ended)
    return is_unmade or is_owed or bool(batches.waiting(cursor, configuration_id))


def _end_messages(cursor: Cursor, configuration: Configuration) -> None:
    """Drop what is held for a configuration that is going to be deleted; refuse while something may still go."""
    if not _has_messages(cursor, configuration.configuration_id):
        return
    if configuration.state is ConfigurationState.ACTIVE:
        raise errors.GiveUp(
            f"Messages for {configuration.name} are on their way; wait until they have gone, or deactivate it first."
        )
    for wave in batches.unmade(cursor):
        batches.make(cursor, wave)
    held = batches.held(cursor, configuration.configuration_id)
    batches.supersede(cursor, [batch.batch_id for batch in held], clock.now())
    if batches.waiting(cursor, configuration.configuration_id):
        raise errors.GiveUp(f"A call to {configuration.name} is not answered yet; delete it in a few seconds.")


def _record_state(cursor: Cursor, caller: Caller, before: Configuration, state: ConfigurationState) -> None:
    did = "activated" if state is ConfigurationState.ACTIVE else "deactivated"
    audit.record(
        cursor,
        caller,
        did,
        _what(before),
        before={"state": before.state.value},
        after={"state": state.value},
    )


def _what(configuration: Configuration) -> What:
    return What("configuration", configuration.configuration_id, configuration.name)
