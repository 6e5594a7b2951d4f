import base64
import gzip
import hashlib

import pytest
from bs4 import BeautifulSoup
from conftest import HTML, make_capture
from reading_room import open_room

PAGE = b"<script>alert(1)</script><p>tin</p>"
STAMP = "20220712030000"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("capture") / "archive") as room:
        yield room


@pytest.fixture(scope="module")
def client(room):
    for url in (
        "http://portal.test/tin/1",
        "http://portal.test/tin?id=1&lang=en&x=a%20b",
        "https://portal.test/tin%20t%E1%BB%A9c/%2Fx",
        "http://portal.test/tin-tức",
        "http://portal.test//hai//gach/",
    ):
        room.keep(make_capture(url, PAGE))
    zipped = (*HTML, ("Content-Encoding", "gzip"))
    room.keep(make_capture("http://portal.test/gz", gzip.compress(PAGE), headers=zipped))
    room.keep(make_capture("http://portal.test/broken", b"no gzip", headers=zipped))
    return room.client()


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.test/tin/1",
        "http:/portal.test/tin/1",
        "http://portal.test/tin?id=1&lang=en&x=a%20b",
        "https://portal.test/tin%20t%E1%BB%A9c/%2Fx",
        "http://portal.test/tin-t%E1%BB%A9c",
        "http://portal.test//hai//gach/",
    ],
)
def test_a_capture_is_found_by_its_url_however_that_is_sent(client, address):
    response = client.get(f"/archived/{STAMP}/{address}")
    assert response.status_code == 200
    assert response.data == PAGE


def test_a_capture_is_a_download_that_no_browser_runs(client):
    headers = client.get(f"/archived/{STAMP}/http://portal.test/tin/1").headers
    assert headers["Content-Disposition"].startswith(f"attachment; filename={STAMP}-portal.test-tin-1")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_capture_tells_its_digest_time_and_original(client):
    response = client.get(f"/archived/{STAMP}/http://portal.test/tin/1")
    digest = hashlib.sha256(PAGE)
    assert response.get_etag() == (digest.hexdigest(), False)
    assert response.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert response.headers["Memento-Datetime"] == "Tue, 12 Jul 2022 03:00:00 GMT"
    assert response.headers["Link"] == '<http://portal.test/tin/1>; rel="original"'
    assert response.headers["X-Archive-Orig-Content-Type"] == "text/html; charset=UTF-8"


def test_a_coded_capture_is_sent_as_stored_with_its_coding_declared(client):
    response = client.get(f"/archived/{STAMP}/http://portal.test/gz")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.get_etag() == (hashlib.sha256(response.data).hexdigest(), False)
    assert gzip.decompress(response.data) == PAGE


def test_a_coding_that_cannot_be_taken_off_is_not_declared(client):
    response = client.get(f"/archived/{STAMP}/http://portal.test/broken")
    assert "Content-Encoding" not in response.headers
    assert response.data == b"no gzip"


def test_a_capture_that_the_client_has_is_not_sent_again(client):
    tag = f'"{hashlib.sha256(PAGE).hexdigest()}"'
    response = client.get(f"/archived/{STAMP}/http://portal.test/tin/1", headers={"If-None-Match": tag})
    assert response.status_code == 304


def test_another_second_leads_to_the_captures_there_are(client):
    response = client.get("/archived/20200101000000/http://portal.test/tin/1")
    assert response.status_code == 404
    links = [a["href"] for a in BeautifulSoup(response.text, "lxml").select("main a")]
    assert links == [f"/archived/{STAMP}/http://portal.test/tin/1"]


@pytest.mark.parametrize(
    "address",
    [
        f"{STAMP}/http://portal.test/never",
        "2022/http://portal.test/",
        "20221399999999/http://x/",
        f"{STAMP}/",
    ],
)
def test_what_was_never_captured_is_404(client, address):
    assert client.get(f"/archived/{address}").status_code == 404


def test_damaged_bytes_are_not_given_out(room):
    stored = room.keep(make_capture("http://portal.test/hong", PAGE))
    path = room.config.warc_folder / stored.location.file
    data = bytearray(path.read_bytes())
    data[stored.location.offset + stored.location.length // 2] ^= 1
    path.write_bytes(data)
    response = room.client().get(f"/archived/{STAMP}/http://portal.test/hong")
    assert response.status_code == 409
    assert "archive-search audit" in response.text
    assert str(room.config.folder) not in response.text
