"""The body of a capture without its content coding."""

from __future__ import annotations

import zlib

from archive_search.errors import PageUnreadable
from archive_search.records import Capture

MAX_DECODED_BYTES = 50 * 1024 * 1024
"""A page that decodes to more than this is a decompression bomb and not a page."""


def body_bytes(capture: Capture, limit: int = MAX_DECODED_BYTES) -> bytes:
    """Return the payload with its content coding taken off.

    Raises `PageUnreadable` if the coding is unknown or broken, or the result is over `limit` bytes.
    """
    coding = _coding(capture)
    if coding == "identity":
        return capture.payload
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise PageUnreadable(capture.url, f"content coding {coding!r} is not supported")
    decoder = decoder_of(capture.payload)
    try:
        data = decoder.decompress(capture.payload, limit + 1)
    except zlib.error as exc:
        raise PageUnreadable(capture.url, f"broken {coding} body") from exc
    if len(data) > limit:
        raise PageUnreadable(capture.url, f"decodes to more than {limit} bytes")
    if not decoder.eof:
        raise PageUnreadable(capture.url, f"the {coding} body is cut off")
    return data


def _coding(capture: Capture) -> str:
    """Return the coding that is still on the payload: the content's, else what the transfer left on it.

    Of `gzip, chunked` only the chunks are off (RFC 9112, 7).
    """
    content = (capture.header("Content-Encoding") or "identity").strip().lower()
    if content != "identity":
        return content
    transfer = (capture.header("X-Archive-Orig-Transfer-Encoding") or "").lower().split(",")
    return next((coding.strip() for coding in transfer if coding.strip() not in ("", "chunked")), "identity")


def body_head(capture: Capture, size: int) -> bytes:
    """Return the first `size` bytes of the body, or what can be read of them."""
    coding = _coding(capture)
    if coding not in ("gzip", "x-gzip", "deflate"):
        return capture.payload[:size]
    try:
        return decoder_of(capture.payload).decompress(capture.payload, size)
    except zlib.error:
        return b""


def decoder_of(head: bytes) -> zlib._Decompress:
    """Return what takes off the content coding `gzip` or `deflate`, given how the body begins.

    With `deflate` some servers leave out the zlib header that it should have (RFC 9110, 8.4.1.2).
    """
    # What zlib itself looks at (RFC 1950, 2.2; RFC 1952, 2.3.1).
    is_zlib = len(head) > 1 and head[0] & 0x8F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    is_gzip = head.startswith(b"\x1f\x8b")
    # +32: zlib or gzip header, found by itself; negative: no header (zlib.h, inflateInit2).
    return zlib.decompressobj(zlib.MAX_WBITS + 32 if is_zlib or is_gzip else -zlib.MAX_WBITS)
