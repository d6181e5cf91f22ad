"""Pages: HTML files for people, offline and without script, of values measured before."""
