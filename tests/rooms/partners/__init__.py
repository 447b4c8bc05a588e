"""Tests of the partners room: manifests, calls, answers, the client and the simulator."""
