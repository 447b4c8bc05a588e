"""The room engine/transfer: patterns, sign-in, host keys, fetching, and its worker."""
