"""What is kept, in the forms that others read."""

from __future__ import annotations

from archive_search.archive.exporting.documents import Json, document_from_json, document_to_json, export

__all__ = ["Json", "document_from_json", "document_to_json", "export"]
