"""Constraints: what must hold on every row, reasoned on before a fit and kept after it."""
