"""The other half of the long suite of test_hostile.py, in a file of its own: two workers share the time."""

from __future__ import annotations

import pytest
from test_hostile import judge_many, kinds

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]


@pytest.mark.parametrize("kind", kinds()[1::2])
def test_twenty_five_files_of_each_kind(kind):
    judge_many(kind)
