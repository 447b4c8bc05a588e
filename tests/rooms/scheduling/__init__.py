"""Tests of the scheduling room: what is due, who claims it, jobs and their leases."""
