"""The numeric loops, and nothing else: NumPy arrays in, NumPy arrays out.

A kernel advances a *block* of trajectories together, one *lane* each, with the loop over lanes
innermost, so that the machine's packed instructions do a whole vector of trajectories at once. One
trajectory alone is a chain of divisions and square roots in which each waits for the last; that is
10 to 20 times slower. Lanes never mix, and packed arithmetic rounds as scalar arithmetic does, so
a trajectory's bits do not depend on its neighbours.
"""
