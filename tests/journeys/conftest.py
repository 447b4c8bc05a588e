"""All journeys share one browser; one that fails says what its windows showed."""

from collections.abc import Generator, Iterator

import pytest

from tests.journeys import browser


@pytest.fixture(scope="package", autouse=True)
def chromium() -> Iterator[None]:
    """Keep the browser open from the first journey to the last."""
    with browser.keep_browser():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the text of every open window to the report of a failure."""
    report = yield
    if call.when == "call" and report.failed:
        report.sections += browser.shown()
    return report
