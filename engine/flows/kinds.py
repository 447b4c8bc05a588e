"""The kinds of job, by name: a job in the table says which of these does it."""

from engine.flows import ask_server, import_files, queue
from engine.flows.watch import Step

KINDS: dict[str, Step] = {
    queue.RUN: import_files.run_connection,
    queue.SCAN: ask_server.scan_folder,
    queue.TEST: ask_server.test_connection,
    queue.HOST_KEY: ask_server.fetch_host_key,
}
