"""The verbs of the command line, over the same actions and views as the pages; arguments and answers are JSON."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.actions import apply as apply_action
from engine.actions import runs as run_actions
from engine.actions.desk import connection_named
from engine.base import errors, limits
from engine.flows.desk import Desk
from engine.views import export, told
from engine.views import profiles as profile_views
from engine.views import runs as run_views
from storage.records.people import Caller
from storage.records.runs import Run

Verb = Callable[[Desk, Caller, dict[str, Any]], Any]


def do(desk: Desk, caller: Caller, verb: str, arguments: dict[str, Any]) -> Any:
    """Do one verb and return its JSON answer.

    Raises:
        HandoffError: As the action or view says.
    """
    return VERBS[verb](desk, caller, arguments)


def _apply(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    return apply_action.apply(desk, caller, arguments["wanted"])


def _run(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    with desk.database.read() as cursor:
        connection = connection_named(cursor, arguments["name"])
    return {"id": run_actions.run_now(desk, caller, connection.connection_id)}


def _run_state(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    return _run_as_json(run_views.page(desk, caller, arguments["run"]).run)


def _runs(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    del arguments
    return [_run_as_json(run) for run in run_views.listed(desk, caller, 0, limits.LISTED_RUNS_MAX).runs]


def _cancel(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    run = run_views.page(desk, caller, arguments["run"]).run
    run_actions.cancel(desk, caller, run.run_id)
    return {"id": run.run_id}


def _profiles_count(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    del arguments
    return {"profiles": profile_views.count(desk, caller)}


def _profiles_show(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    value = arguments["value"]
    found = profile_views.find(desk, caller, value)
    if not found.profile_ids:
        mentioned = f" {found.rejected:,} rejected rows mention it." if found.rejected else ""
        raise errors.GiveUp(f"No profile has the identifier {value}.{mentioned}")
    if len(found.profile_ids) > 1:
        some = ", ".join(str(number) for number in found.profile_ids)
        raise errors.GiveUp(f"Several profiles have the value {value}: {some}; show one by its number.")
    page = profile_views.page(desk, caller, found.profile_ids[0])
    held = {item.property.name: as_json(item.value) for item in page.held}
    return {"profile_id": page.profile_id, "properties": held}


def _audiences(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    del arguments
    return [{"name": name, "members": members} for name, members in told.audience_sizes(desk, caller)]


def _stats(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    return [
        {
            "day": as_json(line.day),
            "configuration": line.configuration,
            "category": line.category.value,
            "code": line.code,
            "count": line.count,
        }
        for line in told.messages(desk, caller, arguments["days"])
    ]


def _export(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    del arguments
    return export.document(desk, caller)


def _rejects(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    found = run_views.rejected(desk, caller, arguments["run"], start=arguments.get("start", 0))
    return [
        {
            "file": item.file_name,
            "line": item.line,
            "column": item.column,
            "value": item.value,
            "reason": item.reason,
            "suggestion": item.suggestion,
            "raw": item.raw,
        }
        for item in found
    ]


def _run_as_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "run": run.number,
        "connection": run.connection_name,
        "state": run.state.value,
        **run.counts.as_contract(),
        "started_by": run.started_by,
        "queued_at": as_json(run.queued_at),
        "started_at": as_json(run.started_at),
        "ended_at": as_json(run.ended_at),
        "attempt": run.attempt,
        "error": {"category": run.error_category, "sentence": run.error} if run.error else None,
    }


def as_json(value: Any) -> Any:
    """Return a stored value as JSON: times as ISO 8601 in UTC, decimals as numbers where that is exact.

    A decimal with more digits than a JSON number keeps in most readers is a string.
    """
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        plain = value.normalize()
        if plain == plain.to_integral_value() and abs(plain) < 2**53:
            return int(plain)
        return float(plain) if Decimal(repr(float(plain))) == plain else f"{plain:f}"
    return value


VERBS: dict[str, Verb] = {
    "apply": _apply,
    "run": _run,
    "run_state": _run_state,
    "runs": _runs,
    "cancel": _cancel,
    "profiles_count": _profiles_count,
    "profiles_show": _profiles_show,
    "rejects": _rejects,
    "audiences": _audiences,
    "stats": _stats,
    "export": _export,
}
