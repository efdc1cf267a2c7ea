"""`python -m veille`, and the `veille` command."""

from .cli import main as run  # the name that scripts ask for which were installed before

if __name__ == "__main__":
    run()
