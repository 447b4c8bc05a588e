"""The Test button of a configuration: one call to the partner that changes nothing there, and what it said."""

import asyncio
from typing import Any

from engine.base import errors
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.partners import answers, catalog, requests
from engine.partners import settings as partner_settings
from engine.partners.http import Client
from engine.partners.requests import Call
from storage.records.deliveries import Answer
from storage.tables import jobs


def test_partner(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Try settings at their partner, saved or not; a kind of job.

    The sealed settings are thrown away with the answer, whether it was good or not, and where it was cancelled.

    Args:
        desk: The open home.
        arguments: {"job_id", "partner", "sealed"}: the settings, secrets too, sealed for this job.
        watch: Of this job.

    Returns:
        {"ok", "said", "next", "took_ms"}: what the partner said and what to do then, a sentence each.
    """
    try:
        watch.stop_if_cancelled()
    except errors.Cancelled:
        _forget(desk, arguments)
        raise
    manifest = catalog.manifest_of(arguments["partner"])
    given = sealing.of_question(desk, arguments["job_id"], arguments["sealed"])
    try:
        answer = asyncio.run(_call(requests.test(manifest, given), partner_settings.deadline_s(manifest, given)))
        problem = answers.judge_test(manifest, answer)
    finally:
        _forget(desk, arguments)
    if problem is None:
        said, following = f"{manifest.short_name} knows this account.", "Save it, and link an audience to it."
    else:
        said, following = problem.sentence, answers.what_next(manifest, problem.category.value, problem.code)
    return {"ok": problem is None, "said": said, "next": following, "took_ms": answer.took_ms}


def _forget(desk: Desk, arguments: dict[str, Any]) -> None:
    with desk.database.write("ctl") as cursor:
        jobs.set_arguments(cursor, arguments["job_id"], {**arguments, "sealed": ""})


async def _call(call: Call, deadline_s: float) -> Answer:
    async with Client() as client:
        return await client.call(call, deadline_s)
