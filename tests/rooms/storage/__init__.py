"""Tests of the storage: the database and its lock-down, migrations, the lease, values in SQL."""
