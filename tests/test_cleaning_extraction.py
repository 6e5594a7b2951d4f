"""The floors of `eval/extraction.py` over the bundled pairs of pages and print views."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "eval" / "extraction.py"


@pytest.fixture(scope="module")
def evaluation():
    spec = importlib.util.spec_from_file_location("extraction", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["extraction"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["extraction"]


@pytest.fixture(scope="module")
def results(evaluation):
    return evaluation.evaluate(evaluation.PAIRS, evaluation.PAIRS)[0]


def test_the_floors_are_pinned_to_the_bundled_pairs(evaluation):
    assert evaluation.digest(evaluation.PAIRS) in evaluation.FLOORS


def test_extraction_is_above_its_floors(evaluation, results):
    floors = evaluation.FLOORS[evaluation.digest(evaluation.PAIRS)]
    assert evaluation.below_floor(results, floors) == []


def test_a_figure_below_its_floor_is_named(evaluation, results):
    assert evaluation.below_floor(results, {("profile", "f1"): 1.1})[0].startswith("profile f1: 0.9")


def test_every_lead_is_kept_by_the_generic_rules(results):
    assert all(results["generic"].lead)
