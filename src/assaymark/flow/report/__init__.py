"""Report: what people are shown, gathered from what was measured and decided."""
