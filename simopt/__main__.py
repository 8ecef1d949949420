"""``python -m simopt``: the command line, where its folder is on no path."""

from simopt.cli.main import main

if __name__ == "__main__":
    main()
