"""One trajectory: its plan, the order of the points, and every update."""
