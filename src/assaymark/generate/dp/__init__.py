"""DP: what is counted of people with noise, and paid for before it is looked at."""
