"""Models: learners of a target, trained on real and on synthetic rows, and what they lose."""
