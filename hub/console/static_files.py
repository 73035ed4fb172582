"""The style, scripts and fonts of the console: read once, served from memory under an address that names their content."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

PATH: Final = "/static/{version}/{name:path}"
_HOME: Final = Path(__file__).parent / "static"
_MEDIA: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served; a file of any other kind (a licence, a list of digests) only lies beside the others."""


@dataclass(frozen=True, slots=True)
class _File:
    media: str
    body: bytes
    packed: bytes | None


def _read(path: Path) -> _File:
    body = path.read_bytes()
    return _File(_MEDIA[path.suffix], body, None if path.suffix == ".woff2" else gzip.compress(body, 9, mtime=0))


_FILES: Final = MappingProxyType(
    {path.relative_to(_HOME).as_posix(): _read(path) for path in sorted(_HOME.rglob("*")) if path.suffix in _MEDIA}
)
VERSION: Final = sha256(b"".join(name.encode() + sha256(file.body).digest() for name, file in _FILES.items())).hexdigest()[:16]


def href(name: str) -> str:
    """The address of the file `name` under `static/`. Raises KeyError for one that is not there."""
    _FILES[name]
    return f"/static/{VERSION}/{name}"


async def serve(request: Request) -> Response:
    """A file, for ever; 404 for another version, so that a stale page never mixes old and new."""
    file = _FILES.get(request.path_params["name"])
    if file is None or request.path_params["version"] != VERSION:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media)
    return Response(file.body, headers=headers, media_type=file.media)
