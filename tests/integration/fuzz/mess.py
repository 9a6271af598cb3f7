"""Mess to send: values that are nearly sane, bytes that are nearly JSON or HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

NASTY = (
    *("null", "true", "-0", "1e400", "-1e400", "NaN", "1" * 4_000, "9" * 6_000, "0.1" + "1" * 400),
    *('""', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"' + "x" * 20_000 + '"', '"\\x"'),
    *("[]", "{}", "[" * 5_000, "[" * 150 + "]" * 150, '{"a":' * 150 + "1" + "}" * 150),
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"2026-02-30T25:61:61Z"'),
    *('"2026-10-25T02:30:00"', '"00000000-0000-0000-0000-000000000000"', '"../../etc/passwd"'),
    *('"\' OR 1=1; --"', '"%00"', '"\u202e\ufeff"', "18446744073709551616", '{"$ref": "#"}'),
)
"""JSON, or nearly, to stand where a value is expected."""

BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"}",
    b'"',
    b"\\",
)
"""Bytes that do not belong inside JSON."""

_PLACE = "@@the place@@"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value could be put into a JSON document, the whole document included."""
    yield path
    keys: Iterable[Any] = ()
    if isinstance(value, dict):
        keys = value
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield from places(value[key], (*path, key))


def put(document: Any, path: tuple[Any, ...], text: str) -> str:
    """The document as JSON, with this text in that place."""
    copy = [json.loads(json.dumps(document))]
    *way, last = (0, *path)
    inside: Any = copy
    for key in way:
        inside = inside[key]
    inside[last] = _PLACE
    return json.dumps(copy[0]).replace(f'"{_PLACE}"', text)


@st.composite
def spoiled(draw: st.DrawFn, documents: list[Any]) -> bytes:
    """A document in which one value is nasty, a member comes twice, or bytes were changed."""
    document = draw(st.sampled_from(documents))
    path = draw(st.sampled_from(list(places(document))))
    text = put(document, path, draw(st.sampled_from(NASTY)))
    match draw(st.sampled_from(("value", "twice", "bytes", "cut"))):
        case "twice":
            return f"{json.dumps(document)[:-1]}, {text.lstrip('[{ ')}".encode()
        case "bytes":
            body = json.dumps(document).encode()
            at = draw(st.integers(0, len(body)))
            return body[:at] + draw(st.sampled_from(BYTES)) + body[at + draw(st.integers(0, 3)) :]
        case "cut":
            body = json.dumps(document).encode()
            return body[: draw(st.integers(0, len(body)))]
        case _:
            return text.encode("utf-8", "surrogatepass")


def heads(path: str, authorization: str) -> list[bytes]:
    """Requests whose heads are wrong, or nearly so, each whole enough to be answered."""
    line = f"POST {path} HTTP/1.1\r\n".encode()
    host = b"Host: passage\r\n"
    let_in = f"Authorization: {authorization}\r\n".encode()
    as_json = b"Content-Type: application/json\r\n"
    head = line + host + let_in + as_json
    chunked = b"Transfer-Encoding: chunked\r\n"
    return [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
        b"\r\n\r\n\r\n\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n" + host + b"\r\n",
        b"GET http://elsewhere/ready HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /%00%ff%c0%af..%2f..%2fetc/passwd HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /" + b"a/" * 7_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\n" + host + b"\r\n",
        b"TRACE / HTTP/1.1\r\n" + host + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        line + b"\r\n",
        line + host + host + b"Content-Length: 0\r\n\r\n",
        head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Content-Length: 1e3\r\n\r\n",
        head + "Content-Length: ²\r\n\r\n".encode("latin-1"),
        head + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        head + b"Content-Length: 1\r\n\r\n{}{}{}",
        head + b"Content-Length: 50\r\n" + chunked + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        head + chunked + b"\r\nZZ\r\n{}\r\n0\r\n\r\n",
        head + chunked + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
        head + chunked + b"\r\n" + b"F" * 30 + b"\r\n{}\r\n0\r\n\r\n",
        head + chunked + b"\r\n2;" + b"x" * 5_000 + b"\r\n{}\r\n0\r\n\r\n",
        head + chunked + b"\r\n2\r\n{}\r\n0\r\nTrailer: " + b"t" * 5_000 + b"\r\n\r\n",
        head + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        head + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
        head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        head + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
        head + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        head + b"X: 1\r\n" * 20_000 + b"\r\n",
        head + b"X : 1\r\n\r\n",
        head + b"X: 1\r\n folded\r\n\r\n",
        head + b"X: \x00\r\n\r\n",
        head + b"\xff: 1\r\n\r\n",
        line + host + b"Authorization: Bearer \xff\xfe\xe9\r\nContent-Length: 0\r\n\r\n",
        line + host + b"Authorization: Bearer " + b"x" * 10_000 + b"\r\nContent-Length: 0\r\n\r\n",
        line + host + b"Authorization: \r\nContent-Length: 0\r\n\r\n",
        line + host + let_in + let_in + as_json + b"Content-Length: 2\r\n\r\n{}",
    ]
