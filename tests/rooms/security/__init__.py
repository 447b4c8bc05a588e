"""What the security room promises: roles, vault, keys, passwords, masking, audit and sign-in rules."""
