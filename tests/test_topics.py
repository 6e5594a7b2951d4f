"""Topics: a few, the main one first, each with the phrases that decided."""

import json
from pathlib import Path

import pytest
from test_people import SEED, make_article, seed  # noqa: F401

