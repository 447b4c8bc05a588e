"""Measures the product beside its peers; make bench runs it."""
