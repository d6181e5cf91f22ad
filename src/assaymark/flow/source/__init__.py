"""Source: what is read, on whose terms, of which people, and what was asked of them before."""
