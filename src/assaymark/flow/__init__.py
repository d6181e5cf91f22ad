"""Flow: the use cases, one module per stage; the only place where pure code meets I/O."""
