"""A journey that fails says what its windows showed."""

from collections.abc import Generator

import pytest

from tests.journeys import browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the text of every open window to the report of a failure."""
    report = yield
    if call.when == "call" and report.failed:
        report.sections += browser.shown()
    return report
