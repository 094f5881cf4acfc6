"""`python -m graphflow` is the `graphflow` command."""

from graphflow.cli import main

if __name__ == "__main__":
    main()
