"""Daily crawls of a portal that changes and breaks, on a clock of their own: the archive holds the truth."""

import importlib
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(scope="module")
def year():
    sys.path.insert(0, str(BENCH))
    yield importlib.import_module("year")
    sys.path.remove(str(BENCH))


@pytest.mark.parametrize(("recheck_days", "days"), [(1, 20), (30, 40)])
def test_the_archive_equals_the_truth_on_every_day(year, tmp_path, recheck_days, days):
    found = year.simulate(tmp_path / "archive", days=days, recheck_days=recheck_days, seed=127)
    assert found.differences == []
    # There was something to find.
    assert min(found.done[what] for what in ("corrected", "moved", "lost for ever", "lost for some days")) > 0
    assert sum(n for what, n in found.done.items() if what.startswith("days: ")) == days
    assert found.done["days: fine"] < days
    assert found.tombstones > 0
