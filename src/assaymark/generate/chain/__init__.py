"""Chain: columns drawn one after the other, all of them or those that a condition leaves."""
