"""Tests of the room of audiences."""
