"""The nouns every stage shares; values only, no I/O."""
