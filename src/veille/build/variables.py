"""Environment variables for a while: those of a kernel, or of a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def set_to(ours: Mapping[str, str]) -> Iterator[None]:
    """These variables while the block runs; afterwards those of before."""
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
