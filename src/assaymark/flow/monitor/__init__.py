"""Monitor: batches held against what was released, and what follows from a change."""
