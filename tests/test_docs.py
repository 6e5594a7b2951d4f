"""The documents are true: their commands run, and every command, setting and key is described."""

import doctest
import os
import re
import shlex
import shutil
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from archive_search import errors
from archive_search.cli import main
from archive_search.config import SETTINGS
from archive_search.portals import (
    ArticleRule,
    AttachmentRule,
    ListingRule,
    PagingRule,
    Politeness,
    Profile,
    Selectors,
    TlsRule,
)

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def consoles(path):
    """Yield command and expected output of each `$` line in the console blocks of a document."""
    for block in re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            yield command, expected


def test_the_tutorial_works_at_each_step(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checker = doctest.OutputChecker()
    for command, expected in consoles(DOCS / "tutorial.md"):
        program, *args = shlex.split(command)
        if program == "rm":
            for name in args[1:]:
                shutil.rmtree(name) if Path(name).is_dir() else Path(name).unlink()
            continue
        result = CliRunner().invoke(main, args, catch_exceptions=False)
        assert result.exit_code == 0, (command, result.output)
        assert checker.check_output(expected, result.output, doctest.ELLIPSIS), (command, result.output)


def helps(command=main, path=("archive-search",)):
    """Yield the help of every command, at one width and as if it were called by its users."""
    names = main.context_settings["help_option_names"]
    context = click.Context(command, info_name=" ".join(path), terminal_width=88, help_option_names=names)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from helps(child, (*path, name))


def test_the_command_reference_is_what_help_says():
    parts = [f"## {' '.join(path)}\n\n```\n{text}\n```\n" for path, text in helps()]
    made = "# Commands\n\nMade from the commands' own help.\n\n" + "\n".join(parts)
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / "cli.md").write_text(made, encoding="utf-8")
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made


@pytest.mark.parametrize(
    "record",
    [Profile, ArticleRule, ListingRule, PagingRule, AttachmentRule, Selectors, Politeness, TlsRule],
)
def test_every_key_of_a_profile_is_described(record):
    text = (DOCS / "profiles.md").read_text(encoding="utf-8")
    tables = {"article", "listing", "paging", "attachments", "select", "politeness", "tls", "connect_to"}
    assert [f.name for f in fields(record) if f.name not in tables and f"`{f.name}`" not in text] == []


def test_every_setting_is_described_in_the_operations_guide():
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert [s.name for s in SETTINGS if f"`{s.name}`" not in text or s.metadata["help"] not in text] == []


def test_every_exit_code_is_described():
    codes = {e.exit_code for e in vars(errors).values() if isinstance(e, type) and hasattr(e, "exit_code")}
    text = (DOCS / "export.md").read_text(encoding="utf-8")
    for code in codes | {errors.EXIT_PARTIAL}:
        assert f"| {code} |" in text


@pytest.mark.parametrize("path", [*DOCS.glob("*.md"), *ROOT.glob("*.md")], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target
