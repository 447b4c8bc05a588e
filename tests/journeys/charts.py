"""The bars of a chart, found and clicked in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import browser

_OPENS_MS = 10_000
_FIND_BAR = """([charts, said]) => {
    const chart = document.querySelector(charts);
    if (!chart || !chart._fullData) return null;
    for (const [place, trace] of chart._fullData.entries()) {
        const point = trace.customdata.indexOf(said);
        if (point < 0 || !trace.y[point]) continue;
        const box = chart.querySelectorAll('.barlayer .trace')[place].querySelectorAll('.point')[point]
            .getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }
    return null;
}"""
BARS = """([charts, said]) => document.querySelector(charts)?._fullData
    ?.map(trace => [trace.marker.pattern.shape, trace.y[trace.customdata.indexOf(said)], trace.marker.color])
    .filter(([, count]) => count)"""
ERRORS = "[class*=st-key-statistics_errors_chart] .js-plotly-plot"


def click_bar(page: Page, chart: str, said: str) -> None:
    """Click the bar that stands for these values, and wait for what opens.

    A chart that is drawn once more while the mouse is on its way takes no click: then it is clicked again, as a
    person would.
    """
    for _ in range(3):
        browser.settled(page)
        place = page.wait_for_function(_FIND_BAR, arg=[chart, said]).json_value()
        page.mouse.move(*place)
        page.mouse.click(*place)
        try:
            expect(page.get_by_role("dialog")).to_be_visible(timeout=_OPENS_MS)
        except AssertionError:
            continue
        return
    pytest.fail(f"Nothing opens for {said}.")
