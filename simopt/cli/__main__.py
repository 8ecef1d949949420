"""``python -m simopt.cli``: the command where no script is installed."""

from simopt.cli.main import main

main()
