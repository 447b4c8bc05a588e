"""Tests of the statistics room: days, totals, rates and lines by code."""
