"""Everything that is kept: the database, its tables, the records that all rooms share and the spool."""
