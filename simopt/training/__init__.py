"""One trajectory: what is trained how, in which order of the points, and every update of it."""
