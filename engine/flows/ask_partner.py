"""The Test button of a configuration: one call to the partner that changes nothing there, and what it said."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from engine.flows import sealing
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.partners import answers, catalog, requests
from engine.partners import settings as partner_settings
from engine.partners.http import Client
from engine.partners.manifest import Manifest
from engine.partners.requests import Call
from storage.records.deliveries import Answer
from storage.records.partners import SignalKind
from storage.tables import jobs


def test_partner(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Answer {"ok", "said", "status", "took_ms"} for {"job_id", "partner", "sealed"}: settings that may be unsaved.

    The sealed settings are thrown away with the answer, whether it was good or not.
    """
    watch.stop_if_cancelled()
    manifest = catalog.manifest_of(arguments["partner"])
    given = sealing.of_question(desk, arguments["job_id"], arguments.get("sealed", ""))
    try:
        answer = asyncio.run(_call(requests.test(manifest, given), partner_settings.deadline_s(manifest, given)))
        problem = _problem(manifest, answer)
    finally:
        with desk.database.write("ctl") as cursor:
            jobs.set_arguments(cursor, arguments["job_id"], {**arguments, "sealed": ""})
    said = problem or f"{manifest.short_name} knows this account and this list."
    return {"ok": problem is None, "said": said, "status": answer.status, "took_ms": answer.took_ms}


def _problem(manifest: Manifest, answer: Answer) -> str | None:
    """Return what is wrong, one sentence, or None where the partner took the call."""
    if answer.fault is None and answer.status == HTTPStatus.OK and _is_plain_object(answer.text):
        return None
    # Which kind of signal is asked about makes no difference to an error.
    return answers.judge(manifest, SignalKind.ADD, answer, 1).problems[0].sentence


def _is_plain_object(text: str) -> bool:
    """Say whether an answer is a JSON object that is no error; some partners send errors with status 200."""
    try:
        body = json.loads(text)
    except ValueError:
        return False
    return isinstance(body, dict) and "error" not in body


async def _call(call: Call, deadline_s: float) -> Answer:
    async with Client() as client:
        return await client.call(call, deadline_s)
