"""Tests of receipts and results."""
