"""Tests of the demo, which is a small world of its own."""
