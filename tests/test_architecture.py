"""The folder list is the architecture: who may import whom."""

import ast
from pathlib import Path

import pytest

import archive_search

ROOT = Path(archive_search.__file__).parent
STAGES = {"crawler", "archive", "cleaning", "index"}
EDGES = {"cli", "printing", "web", "pipeline", "demo"}
GROUND = {"vietnamese", "portals", "markup", "identity", "config", "clock", "disk"}
BASE = {"records", "errors"}


def modules_of(part: str) -> list[Path]:
    folder = ROOT / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def imported_parts(path: Path) -> set[str]:
    """Return the first names below the package that a module imports, wherever the import stands."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        parts |= {name.split(".")[1] for name in names if name.startswith("archive_search.")}
    return parts & (STAGES | EDGES | GROUND | BASE)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_imports_no_other_stage_and_no_edge(stage):
    for path in modules_of(stage):
        assert not imported_parts(path) & ((STAGES | EDGES) - {stage}), path


@pytest.mark.parametrize("part", sorted(GROUND))
def test_the_ground_imports_no_stage_and_no_edge(part):
    for path in modules_of(part):
        assert not imported_parts(path) & (STAGES | EDGES), path


@pytest.mark.parametrize("part", sorted(BASE))
def test_records_and_errors_import_nothing_above_them(part):
    for path in modules_of(part):
        assert imported_parts(path) <= {"records", "errors"}, path


def test_every_part_of_the_package_is_known_to_these_rules():
    found = {p.stem for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert found - {"__init__", "__main__"} == STAGES | EDGES | GROUND | BASE


def test_no_import_goes_round_in_a_circle():
    imports = {part: set().union(*map(imported_parts, modules_of(part))) - {part} for part in ALL}
    done: set[str] = set()
    while ready := {part for part in ALL - done if imports[part] <= done}:
        done |= ready
    assert done == ALL


ALL = STAGES | EDGES | GROUND | BASE


INDEX = ROOT / "index"
MAY_IMPORT = {
    "storage": set(),
    "language": {"storage"},
    "answering": {"storage", "language", "snapshot", "deadline"},
    "offering": {"storage", "language", "snapshot", "deadline", "answering"},
}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_of_the_index_import_in_one_direction(room):
    for path in (INDEX / room).glob("*.py"):
        names = [
            node.module.removeprefix("archive_search.index.").split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("archive_search.index.")
        ]
        assert set(names) - {room} <= MAY_IMPORT[room], path


def test_only_one_module_imports_whoosh():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "import whoosh" in (text := path.read_text(encoding="utf-8")) or "from whoosh" in text
    }
    assert found == {"index/storage/store.py"}
