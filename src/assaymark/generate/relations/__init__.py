"""Relations: what columns say of each other, found, taken out of what is learnt, and put back."""
