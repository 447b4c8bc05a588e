"""Tests of the reader of delimited files."""
