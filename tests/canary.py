"""Invented values that must not turn up anywhere, and the search for them."""

import traceback
from collections.abc import Iterator

from hub.domain.personal import Bsn, Onderwijsnummer


def numbers(kind: type[Bsn] | type[Onderwijsnummer] = Bsn) -> Iterator[str]:
    """Numbers that are given out to nobody (999xxxxxx) and pass the check of their kind."""
    return (number for number in map(str, range(999_990_000, 1_000_000_000)) if kind.accepts(number))


BSN = next(numbers())
ONDERWIJSNUMMER = next(numbers(Onderwijsnummer))
NAME = "Kanariepiet-Zangzaad"
PSEUDONYM = "p1-kanarie-7f3a9c"
CANARIES = (BSN, ONDERWIJSNUMMER, NAME, PSEUDONYM)


def found_in(*texts: object) -> set[str]:
    """The canaries that stand in any of `texts`: text, bytes, or whatever has a repr."""
    heard = set()
    for text in texts:
        read = text.decode("latin-1") if isinstance(text, bytes | bytearray) else text if isinstance(text, str) else repr(text)
        heard |= {canary for canary in CANARIES if canary in read}
    return heard


def graph_of(error: BaseException) -> list[BaseException]:
    """`error` and everything that hangs on it: causes, contexts (suppressed or not), members of groups."""
    seen: dict[int, BaseException] = {}
    queue: list[BaseException | None] = [error]
    while queue:
        if (one := queue.pop()) is None or id(one) in seen:
            continue
        seen[id(one)] = one
        queue += [one.__cause__, one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]
    return list(seen.values())


def told_by(error: BaseException, *, frames_outside: int = 1) -> list[str]:
    """All that can be read off an error: texts, arguments, attributes, notes, and the variables of the frames it came through.

    The outermost `frames_outside` frames are the test's own and left out.
    """
    told: list[str] = []
    for one in graph_of(error):
        told += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(getattr(one, "__notes__", ""))]
        told += ["".join(traceback.format_exception(one))]
        for frame, _ in list(traceback.walk_tb(one.__traceback__))[frames_outside:]:
            told += [f"{name}={_shown(value)}" for name, value in frame.f_locals.items()]
    return told


def _shown(value: object) -> str:
    try:
        return repr(value)
    except AttributeError:  # half made, such as a copy that failed midway
        return object.__repr__(value)
