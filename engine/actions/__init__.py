"""What people may do: each action checks the role, checks the rule, stores, and audits."""
