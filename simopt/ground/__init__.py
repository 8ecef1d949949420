"""What everything stands on: checks of arguments, files, numbers as text, threads, digests."""
