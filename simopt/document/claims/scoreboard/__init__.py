"""Experiments on the claims of the section “Scoreboard and insights”."""
