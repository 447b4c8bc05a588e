"""The command line `python -m engine VERB`: the same actions and views as the pages, with or without a service.

With a running service a verb goes to it over its socket; else this process opens the home itself. With
--json one JSON document goes to standard output and nothing else; errors are one sentence on standard error.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from engine.actions import wanted_yaml
from engine.base import clock, errors, limits
from engine.base.settings import Settings
from engine.office import Office

_OK, _FAILED = 0, 1
_DAYS = 30
_READ_HELP = "Read each file of a folder, however it is written, into a plain table; needs no home."
_CONTENTS = {"original": "original", "receipt": "receipt", "result": "result", "rejects": "errors"}


def main(arguments: list[str], settings: Settings) -> int:
    """Do one verb of the command line and return the exit status: 0, 1 failed, 2 wrong usage."""
    asked = _parser().parse_args(arguments)
    office = Office(settings)
    try:
        status: int = asked.do(office, asked)
        sys.stdout.flush()
    except errors.HandoffError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("Stopped by hand; a run that has begun goes on with the service, or with the next `run`.")
    except BrokenPipeError:
        # Whoever read has seen enough (`| head`); what is left to write goes nowhere, even at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except Exception as error:  # noqa: BLE001 - the edge of a command: people see a sentence, the log what it was
        from engine import control  # noqa: PLC0415 - much to import for what never should happen

        return _fail(str(control.as_told(error)))
    finally:
        office.close()
    return status


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Handoff's engine and its command line.")
    found = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, does: Any, text: str, *words: str) -> argparse.ArgumentParser:
        added = found.add_parser(name, help=text, description=text)
        for word in words:
            added.add_argument(word)
        added.add_argument("--json", action="store_true", help="print one JSON document")
        added.set_defaults(do=does)
        return added

    verb("apply", _apply, "Create or change what a YAML file names; print the difference.", "file")
    run = verb("run", _run, "Run a connection now.", "name")
    run.add_argument("--wait", action="store_true", help="wait for its end and print the counts")
    verb("runs", _runs, "List the runs, newest first.")
    verb("cancel", _cancel, "Cancel a run.", "run")
    verb("revert", _revert, "Take back what a run changed, and wait for the end of it.", "run")
    verb("dry-run", _dry_run, "Say what the next run of a connection would do; write nothing.", "name")
    verb("rejects", _rejects, "List a run's rejected rows.", "run")
    verb("audiences", _audiences, "List the audiences and how many profiles are in each.")
    stats = verb("stats", _stats, "Count what partners were told, by day (UTC), configuration and outcome.")
    stats.add_argument("--days", type=int, default=_DAYS, help="how many days, today included (1 to 365)")
    files = verb("files", _files, "List the files in and out, newest first.")
    files.add_argument("--connection", metavar="NAME", help="of this connection only")
    files.add_argument("--state", help="queued, in_progress, complete, failed, ignored, not_matched or incomplete")
    folder = files.add_subparsers(metavar="read").add_parser("read", help=_READ_HELP, description=_READ_HELP)
    folder.add_argument("source", metavar="IN_DIR")
    folder.add_argument("target", metavar="OUT_DIR")
    folder.add_argument("--salvage", action="store_true", help="pad or cut rows of a wrong length, and keep them")
    folder.add_argument("--json", action="store_true", help="print one JSON document")
    folder.set_defaults(do=_files_read)
    file = verb("file", _file, "Show a file and its answers, or write its content.", "file")
    file.add_argument("--to", metavar="PATH", help="write there instead of to standard output")
    contents = file.add_mutually_exclusive_group()
    for name, what in _CONTENTS.items():
        contents.add_argument(f"--{name}", dest="content", action="store_const", const=what)
    send = verb("send", _send, "Hand a file over to an outbound connection.", "name", "path")
    send.add_argument("--wait", action="store_true", help="wait until it was delivered or failed")
    verb("export", _export, "Print the YAML of everything, as `apply` takes it; without secrets.")
    simulate = found.add_parser("simulate", help="Simulate partners on this machine, to try things out.")
    simulate.add_argument("--port", type=int, default=0, help="0 takes a free one and says which")
    simulate.set_defaults(do=_simulate)
    profiles = found.add_parser("profiles", help="Count profiles, or show one.")
    inner = profiles.add_subparsers(required=True, metavar="count|show")
    for name, does, words in (("count", _count, ()), ("show", _show, ("value",))):
        added = inner.add_parser(name)
        for word in words:
            added.add_argument(word)
        added.add_argument("--json", action="store_true", help="print one JSON document")
        added.set_defaults(do=does)
    return parser


def _apply(office: Office, asked: argparse.Namespace) -> int:
    answer = office.do("apply", {"wanted": wanted_yaml.load(Path(asked.file), dict(os.environ))})
    if asked.json:
        return _print_json(answer)
    for change in answer["changes"]:
        print(f"{change['kind']} {change['name']}: {change['did']}")
        for field, (before, after) in change["fields"].items():
            print(f"  {field}: {_short(before)} -> {_short(after)}")
        for field, value in change.get("provisioned", {}).items():
            print(f"  {field}, told this once: {value}")
    return _OK


def _run(office: Office, asked: argparse.Namespace) -> int:
    run_id = office.do("run", {"name": asked.name})["id"]
    run = office.do("run_state", {"run": run_id})
    if not asked.wait:
        return _print_json(run) if asked.json else _say(f"Run {run['run']} of {run['connection']} is queued.")
    until_s = clock.monotonic_s() + limits.RUN_WAIT_S_MAX
    while run["ended_at"] is None:
        if clock.monotonic_s() > until_s:
            raise errors.TryAgain(f"Run {run['run']} is still going; see `runs`.")
        office.work()
        run = office.do("run_state", {"run": run_id})
    if asked.json:
        shape = ("state", "rows", "profiles", "files", "run", "id", "error")
        _print_json({name: run[name] for name in shape if name != "error" or run["error"]})
    else:
        _say(_line(run))
    if run["error"]:
        print(run["error"]["sentence"], file=sys.stderr)
    if office.is_alone:
        office.finish()
        _say_what_waits(office)
    return _OK if run["state"] == "completed" else _FAILED


def _say_what_waits(office: Office) -> None:
    """Where no service runs, say what it will have to send; sending is left to it."""
    waiting = sum(item["count"] for item in office.do("stats", {"days": 1}) if item["category"] == "waiting")
    if waiting:
        signals = "signal waits" if waiting == 1 else "signals wait"
        print(f"{waiting:,} {signals} for the service, which sends to partners; start it.", file=sys.stderr)


def _runs(office: Office, asked: argparse.Namespace) -> int:
    found = office.do("runs", {})
    if len(found) == limits.LISTED_RUNS_MAX:
        print(f"These are the newest {limits.LISTED_RUNS_MAX:,} runs; there may be older ones.", file=sys.stderr)
    if asked.json:
        return _print_json(found)
    for run in found:
        _say(_line(run))
    return _OK if found else _say("Nothing has run yet.")


def _cancel(office: Office, asked: argparse.Namespace) -> int:
    answer = office.do("cancel", {"run": asked.run})
    return _print_json(answer) if asked.json else _say("The run is asked to stop; it changes nothing more.")


def _revert(office: Office, asked: argparse.Namespace) -> int:
    begun = office.do("revert", {"run": asked.run})
    answer = office.answer(begun["question"])
    if office.is_alone:
        office.finish()
    if asked.json:
        return _print_json({"id": begun["id"], "run": begun["run"], **answer})
    back = f"profiles put back or removed {answer['profiles']:,} · actions {answer['actions']:,}"
    return _say(f"run {begun['run']} is reverted · {back}")


def _dry_run(office: Office, asked: argparse.Namespace) -> int:
    begun = office.do("dry_run", {"name": asked.name})
    answers = [{"id": item["goal"], **office.answer(item["question"])} for item in begun["goals"]]
    total = _summed([answer["counts"] for answer in answers])
    if asked.json:
        return _print_json({"connection": begun["connection"], **total, "goals": answers})
    _say(_counts_line(f"dry run of {begun['connection']}: wrote nothing", total))
    for answer in answers:
        for item in answer["properties"]:
            said = ", ".join(f"{item[what]:,} {what}" for what in ("filled", "changed", "cleared"))
            _say(f"  {item['property']}: {said}")
        for item in answer["audiences"]:
            _say(f"  {item['name']}: {item['leave']:,} of {item['members']:,} leave, {item['enter']:,} enter")
        for sentence in (*answer["stops"], *answer["errors"]):
            print(sentence, file=sys.stderr)
    return _OK


def _summed(counts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts of several goals as those of one run; pure."""
    total: dict[str, Any] = {}
    for name, value in ((name, value) for part in counts for name, value in part.items()):
        before = total.get(name)
        total[name] = _summed([before or {}, value]) if isinstance(value, dict) else (before or 0) + value
    return total


def _rejects(office: Office, asked: argparse.Namespace) -> int:
    found: list[Any] = []
    while len(found) % limits.REJECTS_SHOWN_MAX == 0:
        more = office.do("rejects", {"run": asked.run, "start": len(found)})
        if not more:
            break
        found += more
    if asked.json:
        return _print_json(found)
    for item in found:
        column = f" {item['column']}={item['value']!r}" if item["column"] else ""
        _say(f"{item['file']}:{item['line']}: {item['reason']}{column} ({item['suggestion']})")
    return _OK if found else _say("Nothing was rejected.")


def _count(office: Office, asked: argparse.Namespace) -> int:
    answer = office.do("profiles_count", {})
    return _print_json(answer) if asked.json else _say(f"{answer['profiles']:,} profiles")


def _show(office: Office, asked: argparse.Namespace) -> int:
    answer = office.do("profiles_show", {"value": asked.value})
    if asked.json:
        return _print_json(answer)
    _say(f"profile {answer['profile_id']}")
    for name, value in answer["properties"].items():
        _say(f"  {name}: {'-' if value is None else value}")
    return _OK


def _audiences(office: Office, asked: argparse.Namespace) -> int:
    found = office.do("audiences", {})
    if asked.json:
        return _print_json(found)
    for item in found:
        _say(f"{item['name']}: {item['members']:,} profiles")
    return _OK if found else _say("There is no audience yet.")


def _stats(office: Office, asked: argparse.Namespace) -> int:
    found = office.do("stats", {"days": asked.days})
    if asked.json:
        return _print_json(found)
    for item in found:
        code = f" {item['code']}" if item["code"] else ""
        _say(f"{item['day']} {item['configuration']}: {item['count']:,} {item['category']}{code}")
    return _OK if found else _say(f"No message in {asked.days} days.")


def _files(office: Office, asked: argparse.Namespace) -> int:
    found = office.do("files", {"connection": asked.connection, "state": asked.state})
    if asked.json:
        return _print_json(found)
    for file in found:
        _say(_file_line(file))
    return _OK if found else _say("There is no such file.")


def _files_read(_: Office, asked: argparse.Namespace) -> int:
    from engine.files import folder  # noqa: PLC0415 - Arrow, which no other verb needs

    def told(outcome: folder.Outcome) -> None:
        if outcome.reading is None:
            print(outcome.sentence, file=sys.stderr)
        elif not asked.json:
            _say(f"{outcome.name}: {outcome.sentence}")

    found = folder.read_folder(Path(asked.source), Path(asked.target), salvages=asked.salvage, on_file=told)
    if asked.json:
        _print_json([item.as_json() for item in found])
    failed = sum(item.reading is None for item in found)
    if failed:
        print(f"{failed:,} of {len(found):,} files could not be read.", file=sys.stderr)
    return _FAILED if failed else _OK


def _file(office: Office, asked: argparse.Namespace) -> int:
    if asked.content is None:
        found = office.do("file", {"file": asked.file})
        if asked.json:
            return _print_json(found)
        _say(_file_line(found))
        for answer in found["answers"]:
            _say(f"  {answer['kind']} {answer['name']}: {answer['state']}" + _because(answer["error"]))
        return _OK
    content = office.do("file_content", {"file": asked.file, "what": asked.content})
    try:
        with Path(content["path"]).open("rb") as source:
            if asked.to is None:
                shutil.copyfileobj(source, sys.stdout.buffer)
                return _OK
            with Path(asked.to).open("wb") as target:
                shutil.copyfileobj(source, target)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise errors.GiveUp(f"{content['name']} cannot be written: {error.strerror or error}.") from error
    return _print_json({"name": content["name"], "path": asked.to}) if asked.json else _OK


def _send(office: Office, asked: argparse.Namespace) -> int:
    path = Path(asked.path).absolute()
    file_id = office.do("send", {"name": asked.name, "path": str(path)})["id"]
    file = office.do("file", {"file": file_id})
    until_s = clock.monotonic_s() + limits.RUN_WAIT_S_MAX
    while asked.wait and not _is_settled(file):
        if clock.monotonic_s() > until_s:
            raise errors.TryAgain(f"{file['name']} is still on its way; see `files`.")
        office.work()
        file = office.do("file", {"file": file_id})
    _ = _print_json(file) if asked.json else _say(_file_line(file))
    return _OK if not asked.wait or file["state"] == "complete" else _FAILED


def _is_settled(file: dict[str, Any]) -> bool:
    """Delivered, failed, or left to the next run with the reason."""
    return file["ended_at"] is not None or (file["state"] == "queued" and file["reason"] is not None)


def _file_line(file: dict[str, Any]) -> str:
    way = "from" if file["direction"] == "inbound" else "to"
    rows = file["rows"]
    read = f" · {rows['total']:,} rows, {rows['errors']:,} with errors" if rows["total"] else ""
    return (
        f"{file['trace_id']} {file['name']} {way} {file['connection'] or 'a deleted connection'}: {file['state']} · "
        f"{file['size_bytes']:,} bytes{read}{_because(file['reason'])}"
    )


def _because(reason: str | None) -> str:
    return f" · {reason}" if reason else ""


def _export(office: Office, asked: argparse.Namespace) -> int:
    found = office.do("export", {})
    if asked.json:
        return _print_json(found)
    sys.stdout.write(wanted_yaml.text_of(found))
    return _OK


def _simulate(_: Office, asked: argparse.Namespace) -> int:
    from engine.partners import simulator  # noqa: PLC0415 - a web server, which no other verb needs

    simulator.serve(asked.port, lambda line: print(line, flush=True))
    return _OK


def _line(run: dict[str, Any]) -> str:
    return _counts_line(f"run {run['run']} {run['connection']}: {run['state']}", run)


def _counts_line(what: str, counts: dict[str, Any]) -> str:
    rows = counts["rows"]
    skipped = sum(rows["skipped"].values())
    return (
        f"{what} · read {rows['read']:,} = applied {rows['applied']:,} + unchanged {rows['unchanged']:,} + skipped "
        f"{skipped:,} + rejected {rows['rejected']:,} · profiles {counts['profiles']['created']:,} created, "
        f"{counts['profiles']['updated']:,} updated · files {counts['files']['taken']} taken, "
        f"{counts['files']['unchanged']} unchanged"
    )


def _short(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"  # noqa: PLR2004 - a line of a terminal


def _say(text: str) -> int:
    print(text)
    return _OK


def _print_json(value: Any) -> int:
    print(json.dumps(value, ensure_ascii=False))
    return _OK
