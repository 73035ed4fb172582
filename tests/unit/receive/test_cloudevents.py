"""Events in structured mode: the data as it stood there, or nothing."""

from __future__ import annotations

import orjson
import pytest

from hub.errors import Malformed
from hub.receive.cloudevents import unwrap


def test_only_an_object_in_structured_mode_is_an_event() -> None:
    good = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    takes = frozenset({"text/csv", "application/json"})
    text = {**good, "datacontenttype": "text/csv", "data": "a;b\n"}
    assert unwrap(orjson.dumps(text), takes)[1] == b"a;b\n"
    assert unwrap(orjson.dumps({**good, "data_base64": "YTti"}), takes)[1] == b"a;b"
    for broken in (
        b"",
        b"[1]",
        b'"x"',
        b"{",
        b'{"id"',
        b'{"id":1,}',
        b'{,"id":1}',
        b'{"id" 1}',
        b"{}x",
        b"\xff",
        b"[" * 100_000,
        b'{"data":' + b"[" * 100_000,
        b'{"id":"1","id":"2"}',
        orjson.dumps(good),
        orjson.dumps({**good, "data": 1, "data_base64": ""}),
        orjson.dumps({**good, "data_base64": "?"}),
        orjson.dumps({**good, "data_base64": 1}),
        orjson.dumps({**text, "data": 1}),
        orjson.dumps({**text, "datacontenttype": "text/html"}),
        orjson.dumps({**text, "datacontenttype": 1}),
        orjson.dumps({**good, "id": "", "data": 1}),
        orjson.dumps({**good, "source": "a\u0000b", "data": 1}),
        b'{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"text/csv","data":"\\ud800"}',
    ):
        with pytest.raises(Malformed):
            unwrap(broken, takes)
