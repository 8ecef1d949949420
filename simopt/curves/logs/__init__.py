"""Logs of training runs, read into curves."""
