"""The contracts that others rely on: the command line, its JSON and its files."""
