"""Claims: what users want to conclude, worked out on real and on synthetic rows."""
