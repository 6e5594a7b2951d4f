import inspect

import pytest

from archive_search import errors

RAISED = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, Exception)]


@pytest.mark.parametrize("error", RAISED)
def test_every_error_derives_from_the_one_base(error):
    assert issubclass(error, errors.ArchiveSearchError)


@pytest.mark.parametrize("error", RAISED)
def test_the_tree_in_the_docstring_names_every_error_with_its_exit_code(error):
    line = next(line for line in errors.__doc__.splitlines() if f" {error.__name__} " in f" {line} ")
    assert str(error.exit_code) in line.split()


def test_a_failed_fetch_carries_its_url_and_reason():
    error = errors.FetchFailed("http://portal.test/", "no answer")
    assert (error.url, error.reason, str(error)) == (
        "http://portal.test/",
        "no answer",
        "http://portal.test/: no answer",
    )
