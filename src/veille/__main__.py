"""`python -m veille`, and the `veille` command."""

from .cli import main

if __name__ == "__main__":
    main()
