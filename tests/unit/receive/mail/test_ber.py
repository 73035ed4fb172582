"""Elements of ASN.1 as they come: each way in which they may be none is told by itself, before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Malformed
from hub.receive.mail.ber import SEQUENCE, expect, integer_of, octets_of, oid_of, parse


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00x",  # something behind it
        b"\x3f\x81\x00\x00",  # a tag of more than one byte
        b"\x30\x85\x00\x00\x00\x00\x00",  # a length of five bytes
        b"\x30\x84\x00\x00",  # a length that is cut off
        b"\x04\x02x",  # longer than it is
        b"\x30\x03\x04\x02x",  # longer than what it is in
        b"\x04\x80x\x00\x00",  # a plain one without a length
        b"\x30\x80\x04\x01x",  # without its end
        b"\x30\x80" * 100 + b"\x00\x00" * 100,  # too deep
        b"\x30\x83\x06\x1a\x80" + b"\x04\x00" * 200_000,  # too many
    ],
)
def test_what_is_no_element_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match=r"ASN\.1"):
        parse(data)


@pytest.mark.parametrize(
    ("reads", "data"),
    [
        (oid_of, b"\x02\x01\x01"),
        (integer_of, b"\x06\x01\x01"),
        (integer_of, b"\x02\x00"),
        (integer_of, b"\x02\x41" + bytes(65)),
        (octets_of, b"\x02\x01\x01"),
        (octets_of, b"\x24\x03\x02\x01\x01"),
        (lambda node: expect(node, SEQUENCE), b"\x31\x00"),
        (lambda node: expect(node, SEQUENCE, 2), b"\x30\x03\x02\x01\x01"),
    ],
)
def test_what_is_another_element_is_not_taken_for_it(reads: Callable[[Any], object], data: bytes) -> None:
    node = parse(data)
    with pytest.raises(Malformed, match=r"ASN\.1"):
        reads(node)


def test_what_is_written_in_pieces_is_one() -> None:
    assert octets_of(parse(b"\x24\x80\x04\x01a\x04\x01b\x00\x00")) == b"ab"
    assert integer_of(parse(b"\x02\x01\xff")) == -1
    assert parse(b"\x30\x00\r\n\x00").parts == ()
