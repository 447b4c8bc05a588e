"""Tests of the connections room: the wizard and its matrix, without a database."""
