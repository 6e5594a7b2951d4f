"""`python -m archive_search` is the same as the command `archive-search`."""

from archive_search.cli import main

main()
