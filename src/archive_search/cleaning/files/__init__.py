"""The text of captured files: PDF, Word (DOCX) and plain text, read in a process that may be lost.

Files come from strangers, and what reads them can be made to loop or to take all memory. So they are read
by a process of their own, with a bound on its memory, which is ended at a deadline; `text.of` is what it
does.
"""

from archive_search.cleaning.files.reader import FileReader

__all__ = ["FileReader"]
