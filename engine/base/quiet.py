"""Lets threads that work give way to those that draw pages: on Linux each thread has a niceness of its own."""

import os
import sys
import threading

NICENESS = 10
"""How much nicer than the process: what pages need comes first, and work gets all that they leave."""


def niceness() -> int:
    """Return the niceness of work: that of this process's main thread, and NICENESS more."""
    return min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS, 19)


def give_way() -> None:
    """Make this thread nice, with all threads and processes that it starts from now on; it stays so.

    Elsewhere than on Linux a niceness is the whole process's, so nothing is done.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness())
