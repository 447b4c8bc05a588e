"""Who belongs to an audience: its rule, as text and as a condition over profiles."""
