"""The kinds of job, by name: a job in the table says which of these does it."""

from collections.abc import Callable
from typing import Any

from engine.base.errors import HandoffError
from engine.flows import (
    answering,
    ask_partner,
    ask_server,
    audiences,
    dry_run,
    import_files,
    queue,
    remembering,
    replay,
    reverting,
)
from engine.flows.desk import Desk
from engine.flows.watch import Step

KINDS: dict[str, Step] = {
    queue.RUN: import_files.run_connection,
    queue.SCAN: ask_server.scan_folder,
    queue.TEST: ask_server.test_connection,
    queue.HOST_KEY: ask_server.fetch_host_key,
    queue.LISTING: ask_server.list_names,
    queue.TEST_PARTNER: ask_partner.test_partner,
    queue.RECOMPUTE: audiences.recompute_audience,
    queue.RESEND: replay.resend_refused,
    queue.SEND_ANSWERS: answering.send_answers,
    queue.REVERT: reverting.revert,
    queue.DRY_RUN: dry_run.dry_run,
    queue.REMEMBER: remembering.remember,
}

LOST: dict[str, Callable[[Desk, dict[str, Any], HandoffError], None]] = {
    queue.RUN: import_files.end_if_open,
    queue.SEND_ANSWERS: answering.postpone,
}
"""Called with the error of a job that failed or was cancelled, for kinds that keep an outcome of their own."""
