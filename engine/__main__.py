"""`python -m engine`: the service without pages; with a verb, the command line."""

import signal
import sys
import threading

from engine import cli
from engine.base import errors, settings


def serve() -> int:
    """Run the service until SIGTERM or SIGINT; return the exit status."""
    from engine.service import Service  # noqa: PLC0415 - the whole engine, which the command line may not need

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    service = Service(settings.load())
    try:
        service.start()
    except errors.HandoffError as error:
        print(error, file=sys.stderr)
        return 1
    print("Handoff's engine is running.", flush=True)
    stopping.wait()
    service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:], settings.load()) if sys.argv[1:] else serve())
