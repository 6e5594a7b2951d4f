"""How the index is kept: segments, their merging, processes that write them, and what a crash leaves."""

import signal
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh.filedb.filestore import FileStorage
from whoosh.query import Term

from archive_search.errors import ArchiveSearchError, IndexUnusable
from archive_search.identity import identified
from archive_search.index.query import Query, read
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage import arrays, schema, workers, writing
from archive_search.index.storage.generations import Generations
from archive_search.index.storage.merging import to_merge
from archive_search.index.storage.store import Store
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Article, BlockKind, Document, Person, Role, Statement, Topic

DAY = datetime(2022, 7, 11, 8, 30, tzinfo=timezone(timedelta(hours=7)))
WORDS = ["bí", "thư", "huyện", "ủy", "giải", "phóng", "mặt", "bằng", "59/2019/NĐ-CP", "11/7/2022", "đất"]
QUERIES = ["", "bí thư", "bi thu", '"huyện ủy"', "giai phong", "59/2019/NĐ-CP", "title:đất", "đ*", "-bí"]


def make(name, text, *, title="Tin", on=DAY, version="1", speaker=None, topic=None):
    article = Article(
        id=name,
        version=version,
        portal="huyen",
        number=None,
        url=f"http://portal.test/{name}",
        urls=(),
        title=title,
        lead=None,
        published_at=on,
        byline=None,
        section=None,
        blocks=identified([(BlockKind.PARAGRAPH, text)]),
        images=(),
        attachments=(),
    )
    block = article.blocks[0].id
    said = Statement(surface="", titles=(), role=Role.SPOKE, verb="nói", block=block, start=0, end=0)
    people = [Person(name=speaker, titles=(), roles=(Role.SPOKE,), statements=(said,))] if speaker else []
    topics = [Topic(slug=topic, label=topic.title(), score=1.0, phrases=())] if topic else []
    return Document(article=article, people=tuple(people), topics=tuple(topics))


def some(count, first=0):
    """Articles that differ in words, dates and people."""
    return [
        make(
            f"a{n:03}",
            " ".join(WORDS[n % 5 : n % 11 + 2] * (n % 3 + 1)),
            title=f"Tin {WORDS[n % len(WORDS)]}",
            on=DAY - timedelta(days=n) if n % 7 else None,
            speaker=["Lê Thị Bình", "Bùi Thuỷ", "Bùi Thủy", None][n % 4],
            topic=["y-te", None][n % 2],
        )
        for n in range(first, first + count)
    ]


def generations(folder):
    return Generations(folder, schema.schema_hash())


def answers(folder):
    engine = WhooshEngine(folder)
    queries = [Query(node=read(text), text=text, limit=100) for text in QUERIES]
    return [asdict(engine.search(query)) for query in queries]


def files(folder, suffix):
    return sorted(folder.glob(f"*/*{suffix}"))


def snapshot(folder):
    return Snapshot(Store.open(generations(folder).current()))


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr(writing, "SEGMENT_DOCUMENTS", 3)


# Processes


def test_two_processes_write_the_very_bytes_that_one_writes(tmp_path, small_segments):
    for processes in (1, 2):
        writing.rebuild(generations(tmp_path / str(processes)), iter(some(20)), processes)
    for suffix in (".trm", ".pst", ".doc"):
        (one,), (two,) = (files(tmp_path / processes, suffix) for processes in "12")
        assert one.read_bytes() == two.read_bytes()
    assert answers(tmp_path / "1") == answers(tmp_path / "2")


def test_an_update_with_two_processes_answers_like_a_rebuild_with_one(tmp_path, small_segments):
    writing.rebuild(generations(tmp_path / "1"), iter(some(30)), 1)
    writing.rebuild(generations(tmp_path / "2"), iter(some(12)), 1)
    writing.update(generations(tmp_path / "2"), iter(some(20, 10)), (), 2)
    assert answers(tmp_path / "2") == answers(tmp_path / "1")


@pytest.fixture
def processes(monkeypatch):
    """The processes that were started."""
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(workers.subprocess, "Popen", Recorded)
    return started


def test_processes_give_results_in_the_order_of_the_calls(processes):
    assert list(workers.in_processes(max, [(n, 3) for n in range(10)], 2)) == [3, 3, 3, *range(3, 10)]
    assert [process.poll() for process in processes] == [0, 0]


def test_what_a_process_raises_is_raised_here_and_all_processes_end(processes):
    with pytest.raises(ZeroDivisionError):
        list(workers.in_processes(divmod, [(1, 1), (1, 0), (2, 1)], 2))
    assert all(process.poll() is not None for process in processes)


def test_a_process_that_was_killed_is_reported(processes):
    with pytest.raises(ArchiveSearchError, match="ended from outside"):
        list(workers.in_processes(signal.raise_signal, [(signal.SIGKILL,)], 1))
    assert [process.poll() for process in processes] == [-signal.SIGKILL]


ORPHANS = """
import os, signal
from archive_search.index.storage.workers import in_processes
results = in_processes(abs, [(n,) for n in range(10)], 2)
next(results)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_when_the_one_that_started_them_is_killed():
    killed = subprocess.Popen([sys.executable, "-c", ORPHANS], stderr=subprocess.PIPE)
    # The processes have this pipe too, so that it ends only with the last of them.
    killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL


# Merging


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([], []),
        ([(100, 100), (5, 5), (5, 4)], []),
        ([(100, 100), (10, 7), (5, 5)], [1]),
        ([(100_000, 100_000), (1, 1), (2, 2), (3, 3)], []),
        ([(100_000, 100_000), (1, 1), (2, 2), (3, 3), (1, 1)], [1, 2, 3, 4]),
        ([(70, 70), (1, 1), (80, 80), (90, 90), (70, 70)], [0, 2, 3, 4]),
    ],
)
def test_worn_segments_and_many_of_one_size_are_merged(sizes, chosen):
    assert to_merge(sizes) == chosen


steps = st.lists(
    st.tuples(
        st.lists(st.sampled_from(some(12)), max_size=7), st.sets(st.sampled_from(range(12)), max_size=4)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_updates_that_merge_answer_like_a_rebuild(tmp_path_factory, small_segments, steps):
    folder = tmp_path_factory.mktemp("merged")
    held = {}
    writing.rebuild(generations(folder / "updated"), [])
    for step, (added, removed) in enumerate(steps):
        documents = [replace(d, article=replace(d.article, version=f"{step}")) for d in added]
        names = {f"a{n:03}" for n in removed}
        writing.update(generations(folder / "updated"), documents, names, 1)
        held = {name: document for name, document in held.items() if name not in names}
        held |= {document.article.id: document for document in documents}
    writing.rebuild(generations(folder / "rebuilt"), held.values(), 1)
    assert answers(folder / "updated") == answers(folder / "rebuilt")


def test_segments_stay_few_and_hold_few_deleted_documents(tmp_path):
    writing.rebuild(generations(tmp_path), some(30))
    for n in range(40):
        writing.update(generations(tmp_path), some(2, n), [f"a{n + 10:03}"])
    assert len(files(tmp_path, ".doc")) <= 3 * 4
    kept = snapshot(tmp_path)
    assert kept.count > 0.75 * kept.size


def test_an_update_is_read_before_its_segments_are_merged(tmp_path, monkeypatch):
    seen = []

    def watched(store, *rest):
        seen.append(answers(tmp_path)[0]["total"])
        return merge(store, *rest)

    merge = Store.merge
    writing.rebuild(generations(tmp_path), some(4))
    monkeypatch.setattr(Store, "merge", watched)
    writing.update(generations(tmp_path), some(10, 2), ["a000"])
    assert seen == [11]


# What a snapshot tells


def test_terms_are_counted_over_all_segments_in_order(tmp_path):
    writing.rebuild(generations(tmp_path), some(10))
    writing.update(generations(tmp_path), some(5, 20))
    terms = list(snapshot(tmp_path).terms("words"))
    assert terms == sorted(terms)
    expected = sum("thư" in doc.article.title + doc.article.blocks[0].text for doc in some(10) + some(5, 20))
    assert dict(terms)["thu\tthư".encode()] == expected


def test_signatures_are_kept_where_they_are_known(tmp_path, monkeypatch):
    told = {"a001": list(range(8)), "a021": [2**32 - 1] * 8}
    facts = schema.facts

    def signed(document, *rest):
        return facts(document, *rest)._replace(signature=told.get(document.article.id, []))

    monkeypatch.setattr(schema, "facts", signed)
    writing.rebuild(generations(tmp_path), some(3), 1)
    writing.update(generations(tmp_path), some(2, 20), (), 1)
    kept = snapshot(tmp_path)
    assert kept.signatures.dtype == np.uint32
    for name, signature in zip(kept.ids.tolist(), kept.signatures.tolist(), strict=True):
        assert signature == told.get(name, [0] * 8)


def test_dates_of_a_snapshot_are_those_of_vietnam(tmp_path):
    utc = DAY.astimezone(UTC).replace(hour=20)
    writing.rebuild(generations(tmp_path), [make("a", "đất", on=utc), make("b", "đất", on=None)])
    kept = snapshot(tmp_path)
    assert kept.published.tolist() == ["2022-07-12T03:30", ""]
    assert kept.days[kept.day_of].tolist() == ["2022-07-12", ""]


def test_whoosh_itself_finds_the_same_documents(tmp_path):
    writing.rebuild(generations(tmp_path), some(12))
    writing.update(generations(tmp_path), some(3, 20), ["a002"])
    index = FileStorage(str(generations(tmp_path).current())).open_index()
    with index.searcher() as searcher:
        hits = searcher.search(Term("words", "thu\tthư"), limit=None)
        found = set(snapshot(tmp_path).ids[[hit.docnum for hit in hits]].tolist())
    engine = WhooshEngine(tmp_path)
    assert found == {hit.id for hit in engine.every(Query(node=read("thư"), text="thư"))}


# Damage and crashes


@pytest.mark.parametrize("suffix", [".doc", ".trm", ".pst"])
@pytest.mark.parametrize("kept", [0, 4, 20, 0.5, 0.99, -1])
def test_a_file_that_was_cut_off_is_reported(tmp_path, suffix, kept):
    writing.rebuild(generations(tmp_path), some(10))
    (path,) = files(tmp_path, suffix)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(IndexUnusable, match="damaged"):
        answers(tmp_path)


@pytest.mark.parametrize("suffix", [".doc", ".trm"])
@pytest.mark.parametrize("at", [0, -1, -10, -20])
def test_a_changed_byte_in_what_tells_where_all_is_is_reported(tmp_path, suffix, at):
    writing.rebuild(generations(tmp_path), some(10))
    (path,) = files(tmp_path, suffix)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexUnusable, match="damaged"):
        answers(tmp_path)


def test_arrays_are_read_as_they_were_written(tmp_path):
    written = {
        "a": np.arange(7, dtype="<u2"),
        "b": np.array([b"xy", b"z"]),
        "c": np.ones((3, 2), dtype="<f4"),
    }
    with (tmp_path / "x").open("wb") as file:
        writer = arrays.ArrayWriter(file)
        for name, array in written.items():
            writer.add(name, array)
        assert writer.add_pieces("d", [b"one", b"two"]) == [3, 3]
        writer.close()
    found = arrays.read(tmp_path / "x")
    assert found["d"].tobytes() == b"onetwo"
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_index_storage import generations, some
from archive_search.index.storage import writing

folder, last = Path(sys.argv[1]), int(sys.argv[2])
count = 0

def watch(event, args):
    global count
    if event in ("open", "os.rename", "os.remove") and str(folder) in str(args[0]):
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
writing.SEGMENT_DOCUMENTS = 3
writing.update(generations(folder), some(10, 5), ["a000"], 1)
print(count)
"""


def killed_at(step, folder):
    """Update an index in a process that is killed before its `step`th use of a file."""
    program = KILLED.format(tests=str(Path(__file__).parent))
    return subprocess.run(
        [sys.executable, "-c", program, folder, str(step)], capture_output=True, check=False
    )


def test_a_writer_killed_at_any_moment_leaves_an_index_and_no_lock(tmp_path):
    def fresh(name):
        writing.rebuild(generations(tmp_path / name), some(8), 1)
        return tmp_path / name

    old = answers(fresh("old"))
    whole = fresh("whole")
    steps = int(killed_at(0, whole).stdout)
    new = answers(whole)
    for step in np.linspace(1, steps, 8, dtype=int).tolist():
        folder = fresh(f"killed{step}")
        assert killed_at(step, folder).returncode == -signal.SIGKILL
        assert answers(folder) in (old, new)
        writing.update(generations(folder), some(10, 5), ["a000"], 1)
        assert answers(folder) == new
        assert len(files(folder, "*")) == len(files(whole, "*"))
