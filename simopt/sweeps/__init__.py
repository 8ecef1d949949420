"""Many trajectories: axes, pieces of work, where they run, and the tables that come of them."""
