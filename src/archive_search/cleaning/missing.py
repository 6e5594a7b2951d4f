"""Pages that say, with status 200, that there is no such page."""

from __future__ import annotations

import re

from archive_search.records import Article

# Longer than any such notice, shorter than nearly any piece of news.
_MAX_CHARS = 400

_PAGE = r"(?:trang|bài|tin|nội dung|dữ liệu|đường dẫn|địa chỉ|liên kết|thông tin)"
_SAYS = re.compile(
    rf"""không\ tìm\ thấy\ [^.,:;\n]{{0,20}}\b{_PAGE}\b
    | \b{_PAGE}\b [^.:;\n]{{0,40}} (?: không\ (?:còn\ )?(?:tồn\ tại|tìm\ thấy) | đã\ bị\ (?:xóa|xoá|gỡ) )
    | \b(?:lỗi|error)\ 404\b | ^404\b
    | \b(?:page|article|content)\ (?:was\ |could\ |can)?not\ (?:be\ )?found\b
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)


def says_missing(article: Article) -> bool:
    """Tell whether a page, read as an article, only says that the article is not there."""
    text = "\n".join((article.title, article.lead or "", *(block.text for block in article.blocks)))
    return len(text) <= _MAX_CHARS and _SAYS.search(text) is not None
