import gzip

import pytest
from conftest import HTML, make_capture

from archive_search.errors import PageUnreadable
from archive_search.markup import body_bytes, body_text

PAGE = "<p>Huyện ủy họp</p>".encode()
PACKED = gzip.compress(PAGE)


def packed(payload, coding="gzip"):
    return make_capture(payload=payload, headers=(*HTML, ("Content-Encoding", coding)))


def test_a_gzipped_page_is_read():
    assert body_text(packed(PACKED)) == PAGE.decode()


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (packed(PACKED[:-12]), "cut off"),
        (packed(b"no gzip"), "broken gzip body"),
        (packed(PAGE, "br"), "'br' is not supported"),
    ],
)
def test_a_body_that_cannot_be_read_whole_is_refused_and_not_read_in_part(capture, reason):
    with pytest.raises(PageUnreadable, match=reason):
        body_bytes(capture)


def test_a_body_that_grows_beyond_the_limit_is_refused():
    with pytest.raises(PageUnreadable, match="more than 1000 bytes"):
        body_bytes(packed(gzip.compress(b"0" * 1_000_000)), limit=1000)


def test_a_declared_character_set_is_used_where_the_page_is_no_utf8():
    capture = make_capture(
        payload="Thường".encode("utf-16"), headers=(("Content-Type", "text/html; charset=utf-16"),)
    )
    assert body_text(capture) == "Thường"
