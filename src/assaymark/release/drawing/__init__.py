"""Drawing: the pictures of pages as SVG, each of plain values; one picture a module."""
