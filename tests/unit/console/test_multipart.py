"""A form with a file, however it is cut on its way."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.console.multipart import Multipart

FILE = b"a\r\n--x\r\n-\r\n\r\n--grens\r\n\xff"
HEAD = b'--grens-1\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ngeheim\r\n'
BODY = HEAD + b'--grens-1\r\nContent-Disposition: form-data; name="bestand"; filename="' + b'name=\\"csrf\\".csv"\r\n\r\n'
WHOLE = BODY + FILE + b"\r\n--grens-1--\r\n"


def multipart(body: bytes, cut: int = 1 << 20, kind: str = "multipart/form-data; boundary=grens-1") -> Multipart:
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    return Multipart(Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive))


async def read(form: Multipart) -> tuple[str, bytes]:
    return await form.field("csrf"), b"".join([piece async for piece in form.file("bestand")])


@pytest.mark.parametrize("cut", [1, 2, 7, 16, 4096])
async def test_the_file_is_what_it_was(cut: int) -> None:
    assert await read(multipart(WHOLE, cut)) == ("geheim", FILE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        WHOLE[:-6],
        BODY + FILE,
        HEAD + b"--grens-1--\r\n",
        WHOLE.replace(b'"csrf"', b'"bestand"', 1),
        WHOLE.replace(b"geheim", b"g" * 2000),
        WHOLE.replace(b"geheim", b"\xff"),
        WHOLE.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 1),
        WHOLE.replace(
            b"\r\n--grens-1--", b'\r\n--grens-1\r\nContent-Disposition: form-data; name="more"\r\n\r\n1\r\n--grens-1--'
        ),
    ],
)
async def test_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPException) as refused:
        await read(multipart(body, 50))
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    "kind", ["text/csv", "multipart/form-data", 'multipart/form-data; boundary="', "multipart/mixed; boundary=x"]
)
def test_another_media_type_is_refused(kind: str) -> None:
    with pytest.raises(HTTPException):
        multipart(WHOLE, kind=kind)
