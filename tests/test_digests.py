"""sha256 of files: a file is read once, and again whenever anything of it changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from veille import digests


def test_a_file_that_changed_behind_its_stamp_is_read_again(tmp_path, monkeypatch):
    """Same name, same size, the time of its content set back: the time of change tells."""
    monkeypatch.setattr(digests, "RESTED", -1)
    path = tmp_path / "received.csv"
    path.write_bytes(b"aaaa")
    before, stamp = digests.sha256(path), path.stat()
    time.sleep(0.05)
    path.write_bytes(b"bbbb")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert path.stat().st_mtime_ns == stamp.st_mtime_ns
    assert digests.sha256(path) == hashlib.sha256(b"bbbb").hexdigest() != before


# A process of its own: the digest of a file as a command takes it, and how many bytes it read for that.
DIGEST_OF = """
import sys
from pathlib import Path
from veille import digests

digests.RESTED = -1
io = lambda: int(Path("/proc/self/io").read_text().split()[1])
before = io()
found = digests.sha256(*map(Path, sys.argv[1:]))
print(found, io() - before)
"""


@pytest.fixture
def digest_of(tmp_path):
    def run(path: Path) -> tuple[str, int]:
        command = [sys.executable, "-c", DIGEST_OF, path, tmp_path / "digests.json"]
        digest, octets = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return digest, int(octets)

    return run


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the count of bytes read is Linux's")
def test_a_large_file_is_read_by_the_first_command_and_not_by_the_next(tmp_path, digest_of):
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_bytes(b"a" * (8 << 20))
    small.write_bytes(b"a" * 1000)
    right = hashlib.sha256(large.read_bytes()).hexdigest()
    (first, octets), (second, few) = digest_of(large), digest_of(large)
    assert first == second == right and octets > 8 << 20 and few < 100_000
    digest_of(small)
    assert [str(large)] == list(json.loads((tmp_path / "digests.json").read_text()))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the count of bytes read is Linux's")
@pytest.mark.parametrize("what", ["overwritten", "replaced", "touched", "notes-damaged", "notes-of-another-kind"])
def test_a_large_file_is_read_again_when_anything_of_it_changed(tmp_path, digest_of, what):
    """Each with the same size and the time of its content set back."""
    large, notes = tmp_path / "large.csv", tmp_path / "digests.json"
    large.write_bytes(b"a" * (2 << 20))
    digest_of(large)
    stamp = large.stat()
    time.sleep(0.05)
    if what == "overwritten":
        large.write_bytes(b"b" * (2 << 20))
    elif what == "replaced":
        (tmp_path / "other").write_bytes(b"b" * (2 << 20))
        os.replace(tmp_path / "other", large)
    elif what.startswith("notes"):
        notes.write_text({"notes-damaged": notes.read_text()[:40], "notes-of-another-kind": "[1]"}[what])
    os.utime(large, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    found, octets = digest_of(large)
    assert found == hashlib.sha256(large.read_bytes()).hexdigest() and octets > 2 << 20
