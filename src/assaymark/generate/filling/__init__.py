"""Filling: the missing cells of rows, such that all that holds between columns holds on them."""
