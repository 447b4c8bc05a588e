"""A worker process that goes wrong in the way it is asked to."""

import os
import signal
import sys
from typing import Any


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Fail as the arguments say.

    "fault" raises what nobody expected, "half" dies in the middle of its answer, "orphaned" kills its server.
    """
    if arguments["how"] == "fault":
        raise ValueError(arguments["value"])
    if arguments["how"] == "half":
        sys.stdout.write('{"result": {"rows": [')
        sys.stdout.flush()
        os._exit(9)
    if arguments["how"] == "orphaned":
        os.kill(os.getppid(), signal.SIGKILL)
    return {"group": os.getpgid(0), "server": os.getppid(), "niceness": os.nice(0)}
