"""The start: leads each role to the page it asks for first, so that all pages keep their own addresses."""

from engine.views import statistics
from pages.parts import frame, menu, session
from storage.records.people import Role


def _lead_on() -> None:
    with frame.loading("the start"):
        caller = session.caller()
        has_connectors = caller.role is not Role.PARTNER and statistics.has_connectors(session.desk(), caller)
        frame.go(menu.start_of(caller.role, has_connectors=has_connectors))


if __name__ == "__main__":
    _lead_on()
