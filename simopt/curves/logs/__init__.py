"""Logs of training runs, read into curves."""

from simopt.curves.logs.log import Log, LoggedRun
from simopt.curves.logs.reading import read_log

__all__ = ["Log", "LoggedRun", "read_log"]
