"""Pure rules of a mapping: strategies, checks, and the plan of a merge."""
