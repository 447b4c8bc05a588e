"""The process that talks to partners' servers, forked for the client."""

import dataclasses
from pathlib import Path
from typing import Any

from engine.base import errors, workers
from engine.transfer import patterns
from engine.transfer.transport import Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Transport
from engine.transfer.ways import Way, transport
from storage.records.connections import Secrets
from storage.records.goals import PatternKind


def preload() -> None:
    """Import the transport of most connections."""
    import engine.transfer.sftp  # noqa: F401, PLC0415 - not where only the names of this module are asked for


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do one piece of work and return its result as JSON values.

    Args:
        arguments: kind (host_key, test, list, fetch, sample, deliver or remove); way; place (the fields of Place);
            secrets {password, private_key, passphrase}; and what the kind needs of folder, writes_to, pattern,
            pattern_kind (None: every name), names, target and partial (folders of the spool), files (pairs of name
            and path), letter (the fields of Letter).

    Raises:
        HandoffError: One sentence for people.
    """
    place = arguments["place"]
    place["allow"], place["own"] = tuple(place["allow"]), tuple((host, port) for host, port in place["own"])
    there = transport(Way(arguments["way"]), Place(**place), Secrets(**arguments["secrets"]))
    with workers.heartbeat(arguments["kind"]) as on_bytes:
        return _done(there, arguments, on_bytes)


def _done(there: Transport, arguments: dict[str, Any], on_bytes: OnBytes) -> dict[str, Any]:
    folder = arguments.get("folder", "")
    match arguments["kind"]:
        case "host_key":
            return dataclasses.asdict(there.host_key())
        case "test":
            stages = there.test(folder, arguments["writes_to"])
            return {"stages": [dataclasses.asdict(stage) for stage in stages]}
        case "list":
            listing = there.list_folder(folder)
            if arguments["pattern_kind"] is not None:
                listing = patterns.choose(listing, arguments["pattern"], PatternKind(arguments["pattern_kind"]))
            return dataclasses.asdict(listing)
        case "fetch":
            target, partial = Path(arguments["target"]), Path(arguments["partial"])
            fetched = there.fetch(folder, arguments["names"], target, partial, on_bytes)
            return {"files": [_outcome(file) for file in fetched]}
        case "sample":
            [name] = arguments["names"]
            return _outcome(there.sample(folder, name, Path(arguments["target"])))
        case "deliver":
            files = [Outgoing(name, Path(path)) for name, path in arguments["files"]]
            letter = Letter(**{**arguments["letter"], "recipients": tuple(arguments["letter"]["recipients"])})
            return {"files": [dataclasses.asdict(file) for file in there.deliver(folder, files, letter, on_bytes)]}
        case "remove":
            return {"names": list(there.remove(folder, arguments["names"]))}
    raise errors.GiveUp(f"This version does not know the transfer kind {arguments['kind']}; update the service.")


def _outcome(file: Fetched | NotFetched) -> dict[str, Any]:
    if isinstance(file, NotFetched):
        return {"name": file.name, "error": errors.to_json(file.error)}
    return dataclasses.asdict(file)
