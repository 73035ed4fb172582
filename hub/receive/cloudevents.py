"""CloudEvents 1.0 over HTTP, as far as it carries files: who an event is, and the data in it, byte for byte.

CloudEvents HTTP Protocol Binding 1.0.2 (binary and structured mode; no batches) and JSON Event Format 1.0.2.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Collection, Mapping
from typing import Final

from hub.errors import Fault, Malformed
from hub.normalise import ROW
from hub.receive.request import JSON, malformed

STRUCTURED: Final = "application/cloudevents+json"
STRUCTURED_LIMIT: Final = 4 << 20
"""Bytes of an event that is JSON as a whole, which is read at once; larger data comes in binary mode."""
_ATTRIBUTES: Final = ("id", "source", "type")
_WORD: Final = re.compile(r"[\x21-\x7e\u00a1-\ufffd][\x20-\x7e\u00a1-\ufffd]{0,511}")
_HALF: Final = re.compile("[\ud800-\udfff]")
_DECODER: Final = json.JSONDecoder()


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a request says that it is an event in binary mode."""
    return "ce-specversion" in headers


def event_key(headers: Mapping[str, str]) -> bytes:
    """What tells an event in binary mode from any other: its source and id. Raises errors.Malformed."""
    return _key({name: headers.get(f"ce-{name}") for name in ("specversion", *_ATTRIBUTES)}, "ce-")


def unwrap(body: bytes, media_types: Collection[str]) -> tuple[bytes, bytes]:
    """What tells an event in structured mode from any other, and its data as it stood there. Raises errors.Malformed."""
    members = _members(body)
    said = {name: _text(members.get(name)) for name in ("specversion", *_ATTRIBUTES)}
    key = _key(said, "")
    kind = (_text(members["datacontenttype"]) or "?") if "datacontenttype" in members else JSON
    if kind.partition(";")[0].strip().lower() not in media_types:
        raise malformed(Fault("datacontenttype", "WAARDE_ONGELDIG"))
    if ("data" in members) == ("data_base64" in members):
        raise malformed(Fault("data", "VERPLICHT_VELD_LEEG"))
    if "data_base64" in members:
        return key, _base64(_text(members["data_base64"]))
    if "json" in kind.lower():
        return key, members["data"].encode("utf-8")
    text = _text(members["data"])
    if not text:
        raise malformed(Fault("data", "WAARDE_ONGELDIG"))
    return key, text.encode("utf-8")


def _key(said: Mapping[str, str | None], prefix: str) -> bytes:
    faults = [Fault(prefix + name, "WAARDE_ONGELDIG") for name in _ATTRIBUTES if not _WORD.fullmatch(said[name] or "")]
    if said["specversion"] != "1.0":
        faults.append(Fault(f"{prefix}specversion", "WAARDE_ONGELDIG"))
    if faults:
        raise malformed(*faults)
    return f"event\0{said['source']}\0{said['id']}".encode()


def _base64(text: str | None) -> bytes:
    try:
        return b64decode(text or "?", validate=True)
    except ValueError:
        raise malformed(Fault("data_base64", "WAARDE_ONGELDIG")) from None


def _text(raw: str | None) -> str | None:
    """A member that is a string of whole characters; None for any other."""
    value = json.loads(raw) if raw is not None and raw.startswith('"') else None
    return value if value is not None and not _HALF.search(value) else None


def _members(body: bytes) -> dict[str, str]:
    """The members of a JSON object, each as it is written: data is handed on, never written anew."""
    try:
        return _read(body.decode("utf-8"))
    except Malformed:
        raise
    except (ValueError, IndexError, RecursionError):
        raise malformed(Fault(ROW, "RIJ_ONVOLLEDIG")) from None


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = _after(text, 0)
    if text[at] != "{":
        raise ValueError
    at = _after(text, at + 1)
    while text[at] != "}":
        if found:
            if text[at] != ",":
                raise ValueError
            at = _after(text, at + 1)
        name, at = _DECODER.raw_decode(text, at)
        at = _after(text, at)
        if not isinstance(name, str) or text[at] != ":":
            raise ValueError
        start = _after(text, at + 1)
        _, end = _DECODER.raw_decode(text, start)
        if name in found:
            raise malformed(Fault("?", "VELD_DUBBEL"))
        found[name] = text[start:end]
        at = _after(text, end)
    if _after(text, at + 1) != len(text):
        raise ValueError
    return found


def _after(text: str, at: int) -> int:
    """The place after white space."""
    while at < len(text) and text[at] in " \t\n\r":
        at += 1
    return at
