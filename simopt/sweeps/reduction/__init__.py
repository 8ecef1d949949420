"""Many trajectories as a few numbers: statistics over axes of a sweep, such as its seeds.

What a user asks for is a `Reduce` (`asked`). A group whose trajectories are all at hand is
summarised at once (`summaries`). One that is too large for that is read several times, a piece
after the other, and its quantiles are exact all the same (`selection`). Both give the same bits for
counts, extremes and quantiles. Means and deviations come from sums whose rounding errors are summed
too (`moments`), quantiles from sorted columns (`ranks`).
"""
