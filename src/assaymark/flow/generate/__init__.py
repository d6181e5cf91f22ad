"""Generate: a recipe fitted, and rows, drafts, folders of blocks and filled gaps made of it."""
