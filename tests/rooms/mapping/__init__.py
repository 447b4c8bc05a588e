"""Tests of the mapping room: strategies, checks, and the plan of a merge."""
