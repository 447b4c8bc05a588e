"""Flows from end to end, through the engine and the database."""
