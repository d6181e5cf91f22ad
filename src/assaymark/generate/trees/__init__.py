"""Trees: how one column is drawn from others, by pools of people who are alike."""
