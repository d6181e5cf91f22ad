"""Keys: identifiers made afresh, each once, of the pattern that a column has."""
