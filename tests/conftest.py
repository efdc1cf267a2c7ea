"""What the tests share: one project with the example data and the reports that several tests read, built once.

With several workers (xdist) the first one builds, behind a lock; the others wait.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import projects
import pytest
from filelock import FileLock

from veille.build import many, warm

# The files that take longest are begun first: with two workers, none is left alone with one of them at the end. The first
# makes the example that others share; those that wait for it come last.
LONGEST = ("test_numbers_check", "test_tables", "test_gbv_sources", "test_canaries", "test_quality", "test_kobo", "test_hostile", "test_build", "test_cli")  # fmt: skip
# What the long suite takes longest for, in that suite alone.
LONGEST_OF_ALL = ("test_warm", "test_canaries", "test_leaks", "test_protection", "test_cluster", "test_many", "test_evaluation", "test_example_gbv", "test_changes", "test_hostile", "test_hostile_more", "test_build", "test_bundle", "test_gbv_statistics")  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A worker per core, four at most: more of them wait for the longest file, and each takes half a gibibyte."""
    return min(4, max(2, many.cores()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order files by what they cost; the order inside a file stays."""
    longest = LONGEST_OF_ALL if config.option.markexpr == "full" else LONGEST
    order = {name: place for place, name in enumerate(longest)}
    items.sort(key=lambda item: order.get(item.path.stem, len(longest)))


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_users():
    """Variables that a person has set for `veille` must not decide a test."""
    for name in [n for n in os.environ if n.startswith("VEILLE_") and n != "VEILLE_BROWSER"]:
        del os.environ[name]


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """One project for all workers. Tests read it and never change it; they work in a `project` of their own."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    with FileLock(str(folder) + ".lock"):
        if not folder.exists():
            projects.new(folder)
            text = folder / "params" / "texts" / "bulletin" / "gao" / "2017-06.md"
            text.parent.mkdir(parents=True)
            text.write_text(projects.TEXT, encoding="utf-8")
            # Those of the other products are about the example, and are in the project itself.
            for product in ("gbvims", "evaluation", "followup"):
                shutil.copytree(projects.ROOT / "params" / "texts" / product, text.parents[2] / product)
    return folder


@pytest.fixture(scope="session")
def report(shared) -> Callable[..., Path]:
    """`report("gao", "2016-10")` is the folder of that bulletin, built by the command when nobody has yet.

    `report("mali", "2017-Q2", "gbvims")` is that of another product.
    """

    def built(area: str, period: str, product: str = "bulletin") -> Path:
        with FileLock(f"{shared}-{product}-{area}-{period}.lock"):
            if projects.packet(shared, area, period, product) is None:
                done = projects.veille(shared, "build", product, area, period)
                assert done.returncode == 0, done.stderr
        found = projects.packet(shared, area, period, product)
        assert found is not None
        return found

    return built


@pytest.fixture(scope="session")
def real(report) -> Path:
    """The bulletin of Gao for October 2016: real counts, nothing else received."""
    return report("gao", "2016-10")


@pytest.fixture(scope="session")
def example(report) -> Path:
    """The bulletin of Gao for June 2017: example data, with a text."""
    return report("gao", "2017-06")


@pytest.fixture(scope="module")
def warm_kernels():
    """For a module with several builds in this process: their kernels start sooner, and give the same bytes (test_warm)."""
    with warm.kept():
        yield


@pytest.fixture
def project(tmp_path, shared, real) -> Path:
    """A project of the test's own, with the real data counted already."""
    return projects.new(tmp_path / "projet", warm=shared)


@pytest.fixture
def with_report(tmp_path, shared, real) -> Path:
    """A project of the test's own in which the bulletin of Gao for October 2016 was made."""
    folder = projects.new(tmp_path / "project", shared)
    for name in ("reports/bulletin/gao/2016-10", ".veille/made/bulletin/gao"):
        shutil.copytree(shared / name, folder / name)
    return folder


@pytest.fixture
def example_project(tmp_path, shared, real, example) -> Path:
    """The same, with the example data counted already."""
    return projects.new(tmp_path / "projet", warm=shared)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, a few megabytes large; needs the right to mount one."""
    folder = tmp_path / "disque"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if os.name != "posix" or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        # Only root may mount one (CI is): without it there is no disk that fills, and nothing to see.
        pytest.skip("no small disk to fill: mounting a tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
