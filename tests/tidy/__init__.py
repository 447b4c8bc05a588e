"""The order of the house: rules over the repository's own files."""
