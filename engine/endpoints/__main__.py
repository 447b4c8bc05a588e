"""`python -m engine.endpoints`: started by the service, told its home by one line, ended with the service's pipe."""

import json
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from engine.base import limits, log
from engine.base.installation import Endpoints
from engine.endpoints.process import Holder

_ENDED_BY_PARENT = 3
_SWITCH_INTERVAL_S = 0.02


def _end_with_parent() -> None:
    while sys.stdin.readline():
        pass
    # At once and whatever threads do: uploads that go on stay pending, and what was accepted is on the disk.
    os._exit(_ENDED_BY_PARENT)


def _take_descriptors() -> None:
    """Use what the system allows: the usual first limit of 1,024 would let a few clients with many files end all."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.ENDPOINT_DESCRIPTORS_MAX if most == resource.RLIM_INFINITY else most
    wanted = min(wanted, limits.ENDPOINT_DESCRIPTORS_MAX)
    if least != resource.RLIM_INFINITY and least < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _main() -> None:
    # {"home": path, "endpoints": the settings, "expected": {name: fingerprint}}
    told = json.loads(sys.stdin.readline())
    os.umask(0o077)
    _take_descriptors()
    # Ctrl-C in the service's terminal is for the service, which then ends this process in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    home = Path(told["home"])
    (home / "endpoints").mkdir(mode=0o700, parents=True, exist_ok=True)
    log.open_log(home / "endpoints" / "endpoints.log")
    # Each session that waits for its turn asks for it this often; more often, dozens of them do little else (measured
    # with 20 sessions: 3.4 s at 0.001, 2.7 s at 0.02). Whoever reads, writes or waits gives its turn away at once.
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    holder = Holder(home, Endpoints(**told["endpoints"]), told["expected"])
    signal.signal(signal.SIGTERM, lambda *_: holder.stop())
    holder.run()
    log.logger(__name__).info("stopped")
    os._exit(0)


if __name__ == "__main__":
    _main()
