"""The bench: every engine that is installed gives the same answers over a few synthetic articles."""

import importlib
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"

ONSETS = ["b", "ch", "đ", "h", "l", "m", "n", "ng", "ph", "th", "tr", "x", "s"]
RIMES = ["à", "ố", "ược", "iệc", "án", "ưa", "ao", "inh", "ộ", "a", "ong", "an"]
SYLLABLES = [onset + rime for rime in RIMES for onset in ONSETS]
WEIGHTS = [1 / rank for rank in range(1, len(SYLLABLES) + 1)]
CLASSES = {"common", "and", "phrase of two", "prefix", "accent-free", "or", "newest", "page", "filtered"}


@pytest.fixture(scope="module", autouse=True)
def bench_modules():
    """Let the modules of the bench import one another as its commands do."""
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def corpus_folder(bench_modules, tmp_path_factory) -> Path:
    """Return a corpus of sixty articles."""
    corpus, stored = (importlib.import_module(name) for name in ("corpus", "stored"))
    chance = random.Random(3)
    paragraphs = [" ".join(chance.choices(SYLLABLES, WEIGHTS, k=40)) + "." for _ in range(200)]
    drawn_from = corpus.material(paragraphs[:20], paragraphs, ["Trần Văn Hòa", "Lê Thị Minh An"])
    documents = [corpus.article(number, chance, drawn_from) for number in range(60)]
    folder = tmp_path_factory.mktemp("corpus")
    stored.write_chunk(folder, 0, documents, [corpus.row(document) for document in documents])
    return folder


@pytest.fixture(scope="module")
def searched(corpus_folder, tmp_path_factory) -> dict:
    """Return what every engine answers."""
    drawing, measuring = (importlib.import_module(name) for name in ("drawing", "measuring"))
    asked = drawing.draw(corpus_folder, 60)
    folder = tmp_path_factory.mktemp("indexes")
    found = {}
    for name in measuring.installed():
        measuring.build(name, folder / name, corpus_folder, 60, 1)
        found[name] = measuring.search(name, folder / name, asked)
    return found


def test_all_engines_give_the_same_totals_and_facets(searched):
    differences = importlib.import_module("search").differences
    assert {"ours", "whoosh", "fts5"} <= set(searched)
    assert list(differences(searched)) == []


def test_a_wrong_total_is_told(searched):
    differences = importlib.import_module("search").differences
    right = searched["fts5"].answers["common"]
    wrong = {"common": [right[0]._replace(total=right[0].total + 1), *right[1:]]}
    found = list(differences({"ours": searched["ours"], "fts5": replace(searched["fts5"], answers=wrong)}))
    assert len(found) == 1 and "fts5: common 0" in found[0]


def test_every_class_finds_something(searched):
    totals = {kind: [a.total for a in answers] for kind, answers in searched["ours"].answers.items()}
    assert set(totals) >= CLASSES
    assert all(any(totals[kind]) for kind in CLASSES)


def test_articles_are_long_and_what_they_name_stands_where_they_say(corpus_folder):
    stored = importlib.import_module("stored")
    for document in stored.documents(corpus_folder, 60):
        texts = {block.id: block.text for block in document.article.blocks}
        assert sum(map(len, texts.values())) >= 2000
        named = [mention for person in document.people for mention in person.statements]
        named += [mention for place in (*document.places, *document.cited) for mention in place.mentions]
        assert all(texts[seen.block][seen.start : seen.end] == seen.surface for seen in named)


def test_the_plot_is_xml_and_tells_its_figures():
    growth = importlib.import_module("growth")
    figures = [
        {"engine": name, "articles": size, "ms": {growth.PLOTTED: [1.0, factor * size / 1000]}}
        for name, factor in (("ours", 1), ("fts5", 5))
        for size in (1000, 10_000)
    ]
    plot = growth.svg(json.loads(json.dumps(figures)))
    assert "SQLite FTS5 5.0 ms at 1,000, 50.0 ms at 10,000" in plot
    importlib.import_module("xml.etree.ElementTree").fromstring(plot)


def test_hostile_texts_are_many():
    assert len(importlib.import_module("hostile").texts()) >= 60
