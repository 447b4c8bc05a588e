"""Properties, and the merge of a file's rows into profiles."""
