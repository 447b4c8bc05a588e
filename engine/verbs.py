"""The verbs of the command line, over the same actions and views as the pages; arguments and answers are JSON."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.actions import apply as apply_action
from engine.actions import dry_runs as dry_run_actions
from engine.actions import files as file_actions
from engine.actions import runs as run_actions
from engine.actions.desk import connection_named
from engine.base import errors, limits
from engine.flows import ticks
from engine.flows.desk import Desk
from engine.views import export, told
from engine.views import files as file_views
from engine.views import profiles as profile_views
from engine.views import questions as question_views
from engine.views import runs as run_views
from storage.records.exchange import Answer, AnswerKind, FileState
from storage.records.people import Caller
from storage.records.runs import Run
from storage.tables import goals

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


def _revert(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    run = run_views.page(desk, caller, arguments["run"]).run
    return {"id": run.run_id, "run": run.number, "question": run_actions.revert(desk, caller, run.run_id)}


def _dry_run(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    with desk.database.read() as cursor:
        connection = connection_named(cursor, arguments["name"])
        found = ticks.ticked(goals.of_connection(cursor, connection.connection_id))
    if not found:
        raise errors.GiveUp(f"{connection.name} has no import goal to try; a run takes those that are ticked.")
    asked = [{"goal": goal.goal_id, "question": dry_run_actions.ask(desk, caller, goal)} for goal in found]
    return {"connection": connection.name, "goals": asked}


def _question_state(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    """Answer how something that was asked for stands: what there is of it, or its end."""
    job = question_views.state(desk, caller, arguments["question"])
    return {"state": job.state.value, "progress": job.progress, "result": job.result, "error": job.error}


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


def _files(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    state, name = arguments.get("state"), arguments.get("connection")
    if state is not None and state not in {each.value for each in FileState}:
        raise errors.BadInput(f"There is no state {state}; there are: {', '.join(FileState)}.")
    connection_id = None
    if name is not None:
        with desk.database.read() as cursor:
            connection_id = connection_named(cursor, name).connection_id
    asked = file_views.Asked(None, FileState(state) if state else None, connection_id)
    return [_file_as_json(line) for line in file_views.listed(desk, caller, asked, 0, limits.FILES_SHOWN_MAX).lines]


def _file(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    page = file_views.page(desk, caller, arguments["file"])
    answers = [_answer_as_json(answer) for answer in page.line.answers]
    told = {"run": page.run_number, "mends_run": page.mends_run_number, "answers_go_to": page.answers_go_to or None}
    return {**_file_as_json(page.line), **told, "answers": answers}


def _file_content(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    """Answer where content lies: the command line runs on this machine, as the person who runs the service."""
    file_id = file_views.page(desk, caller, arguments["file"]).line.file.file_id
    if arguments["what"] == "original":
        name, path = file_actions.original(desk, caller, file_id)
        return {"name": name, "path": str(path)}
    answer, path = file_views.answer_path(desk, caller, file_id, AnswerKind(arguments["what"]))
    return {"name": answer.name, "path": str(path)}


def _send(desk: Desk, caller: Caller, arguments: dict[str, Any]) -> Any:
    path = Path(arguments["path"])
    with desk.database.read() as cursor:
        connection = connection_named(cursor, arguments["name"])
    return {"id": file_actions.hand_over(desk, caller, connection.connection_id, path.name, path)}


def _file_as_json(line: file_views.FileLine) -> dict[str, Any]:
    file = line.file
    return {
        "id": file.file_id,
        "trace_id": file.trace_id,
        "name": file.name,
        "connection": line.connection_name,
        "direction": file.direction.value,
        "folder": file.folder,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "state": file.state.value,
        "reason": file.reason,
        "rows": {"total": file.rows_total, "ok": file.rows_ok, "errors": file.rows_errors},
        "first_seen_at": as_json(file.first_seen_at),
        "ended_at": as_json(file.ended_at),
        "content_removed_at": as_json(file.content_removed_at),
    }


def _answer_as_json(answer: Answer) -> dict[str, Any]:
    return {
        "kind": answer.kind.value,
        "name": answer.name,
        "size_bytes": answer.size_bytes,
        "state": answer.state.value,
        "tries": answer.tries,
        "error": answer.error,
        "made_at": as_json(answer.made_at),
        "sent_at": as_json(answer.sent_at),
    }


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
    "revert": _revert,
    "dry_run": _dry_run,
    "question_state": _question_state,
    "profiles_count": _profiles_count,
    "profiles_show": _profiles_show,
    "rejects": _rejects,
    "audiences": _audiences,
    "stats": _stats,
    "export": _export,
    "files": _files,
    "file": _file,
    "file_content": _file_content,
    "send": _send,
}
