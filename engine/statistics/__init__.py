"""The statistics of what went to partners: days, totals and rates, as pure rules."""
