"""``python -m gitopslab``: the command line, where its script is not on the PATH."""

from gitopslab.cli import main

if __name__ == "__main__":
    main()
