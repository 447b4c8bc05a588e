"""A worker process that goes wrong in the way it is asked to: `python -m tests.fakes.failing_worker`."""

import os
import sys
from typing import Any

from engine.base import workers


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Fail as the arguments say: "fault" raises what nobody expected, "half" dies in the middle of its answer."""
    if arguments["how"] == "fault":
        raise ValueError(arguments["value"])
    if arguments["how"] == "half":
        sys.stdout.write('{"result": {"rows": [')
        sys.stdout.flush()
        os._exit(9)
    return {"group": os.getpgid(0)}


if __name__ == "__main__":
    workers.serve(work)
