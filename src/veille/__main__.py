"""`python -m veille`, and the `veille` command."""

from .cli import run

if __name__ == "__main__":
    run()
