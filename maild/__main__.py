"""`python -m maild`: the same program as the `maild` command."""

from maild.cli import main

if __name__ == "__main__":
    main()
