"""What every room stands on: errors, limits, the clock, settings, ids and the log."""
