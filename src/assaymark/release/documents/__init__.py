"""Documents: what a release says of itself, made of its statements; no number is typed."""
