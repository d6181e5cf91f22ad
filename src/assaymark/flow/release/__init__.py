"""Release: what is issued, checked, used, and taken back again."""
