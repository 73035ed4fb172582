"""The only door to logs. What may pass is decided by its type, never by its name or by a search for what looks secret.

A line is JSON on standard error: `time` (RFC 3339), `level`, `event` (one of `Event`) and fields of the types in `Loggable`.
A value of any other type is replaced by the name of its type. Libraries log through the same door, and lose their texts on
the way: what is left is who spoke, how loudly, and the type and place of the error they spoke about.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import StrEnum
from types import TracebackType
from typing import Any, BinaryIO, Final, Self
from uuid import UUID

import orjson
import structlog

from hub.clock import SystemClock, rfc3339
from hub.domain.terms import Count, Micros, Seconds, Term, TraceId
from hub.errors import HubError

Loggable = Term | Count | Micros | Seconds | StrEnum | UUID | bool | None | tuple[Term, ...]
"""What a log line may hold. Text, bytes, plain numbers and containers are not among it, and the type checker says so."""


class Level(StrEnum):
    """How much an administrator should care, from not at all to now."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"

    @property
    def number(self) -> int:
        """The same on the scale of the standard library."""
        return logging.getLevelNamesMapping()[self.value.upper()]


class Event(StrEnum):
    """Everything that the hub says in its logs. The sentences are published as `docs/events.md`."""

    level: Level
    meaning: str

    def __new__(cls, name: str, level: Level, meaning: str) -> Self:
        event = str.__new__(cls, name)
        event._value_ = name
        event.level = level
        event.meaning = meaning
        return event

    hub_started = "hub_started", Level.info, "A process of the hub is ready to work."
    hub_stopped = "hub_stopped", Level.info, "A process of the hub has finished what it was doing and ends."
    misconfigured = "misconfigured", Level.error, "The installation is wrong and an administrator must act; says what to do."
    drop_seen = "drop_seen", Level.info, "A file has appeared at a partner's or in a drop directory."
    drop_taken = "drop_taken", Level.info, "A file has been fetched whole and its processing begins."
    drop_resumed = "drop_resumed", Level.info, "Processing of a file goes on after the last chunk that was recorded."
    drop_done = "drop_done", Level.info, "Every row of a file has been recorded or quarantined."
    drop_refused = "drop_refused", Level.warning, "A file as a whole cannot be processed; it is kept as it came."
    drop_known = "drop_known", Level.info, "A file with this content was processed before; nothing was done."
    chunk_recorded = "chunk_recorded", Level.info, "A part of a file is in the log, durable and under a checkpoint."
    row_quarantined = "row_quarantined", Level.warning, "Rows could not be read or routed and wait in quarantine (a count)."
    message_admitted = "message_admitted", Level.info, "A message is decided, in the log, durable and under a checkpoint."
    message_bounced = "message_bounced", Level.warning, "A message does not have the agreed form; its sender has been told."
    request_refused = "request_refused", Level.warning, "A caller was turned away: not signed in (401) or not allowed (403)."
    deliveries_handed = "deliveries_handed", Level.info, "A recipient was handed deliveries, after the log said so."
    deliveries_acknowledged = "deliveries_acknowledged", Level.info, "A recipient has confirmed deliveries."
    deliveries_sent = "deliveries_sent", Level.info, "A recipient's own system has confirmed deliveries that were sent to it."
    deliveries_failed = "deliveries_failed", Level.warning, "Deliveries are dead letters: someone must mend what is wrong."
    push_failed = "push_failed", Level.warning, "A page could not be sent to a recipient's system; it is tried again."
    checkpoint_signed = "checkpoint_signed", Level.debug, "The log has grown and its new head is signed."
    checkpoint_cosigned = "checkpoint_cosigned", Level.debug, "A witness says that it saw this log only grow, up to here."
    checkpoint_stamped = "checkpoint_stamped", Level.debug, "A time-stamping authority has confirmed a checkpoint of the log."
    witness_away = "witness_away", Level.warning, "A witness or time-stamping authority does not answer well; asked again."
    witness_refused = "witness_refused", Level.error, "A witness saw another history of this log than the one that is here."
    witness_forked = "witness_forked", Level.error, "A log that this hub witnesses has signed two histories."
    log_unavailable = "log_unavailable", Level.error, "The log cannot be written, so nothing leaves the hub."
    log_tampered = (
        "log_tampered",
        Level.error,
        "What is stored of the log is not what was signed; nothing is recorded any more.",
    )
    database_unavailable = "database_unavailable", Level.error, "The database does not answer; work waits and is tried again."
    credential_expiring = (
        "credential_expiring",
        Level.warning,
        "A certificate or key of a connector ends within so many days, or has ended (0): rotate it.",
    )
    connector_failed = "connector_failed", Level.error, "A partner's system could not be reached or broke its contract."
    connector_barred = (
        "connector_barred",
        Level.error,
        "A connector does not work before somebody changes something; until then it is tried once an hour.",
    )
    run_broken_off = "run_broken_off", Level.warning, "A run was cut short with its process; the next one goes on from there."
    intake_paused = "intake_paused", Level.warning, "The hub is behind, so nothing more is fetched; nothing is lost."
    intake_resumed = "intake_resumed", Level.info, "The hub has room again, and fetches."
    partner_registered = "partner_registered", Level.info, "A partner may now call the hub, or its keys have changed."
    library_message = "library_message", Level.warning, "A library had something to say; its text is withheld."
    rules_unread = (
        "rules_unread",
        Level.error,
        "The agreements in use cannot be read; this process goes on by those of before, without what was suspended, for a day.",
    )
    failure = "failure", Level.error, "Something broke that nobody foresaw: the type of the error and its place in the code."


class _Written(str):
    """Text that stands in code: the name of a type, a place, an error's own sentences. Made in this module alone."""

    __slots__ = ()


def emit(event: Event, **fields: Loggable) -> None:
    """Says that `event` happened. Never raises: a log line that cannot be written is lost, the work it tells of is not."""
    _say(event, fields)


def report(error: BaseException, event: Event = Event.failure, **fields: Loggable) -> None:
    """Says that `event` happened because of `error`: its type, its place, and of a `HubError` the sentences."""
    _say(event, {**fields, **_about(error)})


@contextmanager
def context(**fields: Loggable) -> Iterator[None]:
    """Adds `fields` to every line that this task and its children say meanwhile, such as the calling party."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


_trace: ContextVar[TraceId | None] = ContextVar("trace", default=None)
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.ASCII)


@contextmanager
def trace(traceparent: str | None = None) -> Iterator[TraceId]:
    """Takes over the trace of a W3C `traceparent` header, or begins one where there is none or it cannot be read."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    try:
        trace_id = TraceId(found[1] if found else os.urandom(16).hex())
    except ValueError:
        trace_id = TraceId(os.urandom(16).hex())
    token = _trace.set(trace_id)
    try:
        with context(trace=trace_id):
            yield trace_id
    finally:
        _trace.reset(token)


def current_trace() -> TraceId | None:
    """The trace that this call belongs to; None outside one."""
    return _trace.get()


def traceparent() -> str | None:
    """The header with which a call to another system carries on this trace, under a span of its own; None outside one."""
    trace_id = _trace.get()
    return None if trace_id is None else f"00-{trace_id}-{os.urandom(8).hex()}-00"


def catalogue() -> str:
    """The published list of events, as Markdown."""
    rows = (f"| `{event.value}` | {event.level} | {event.meaning} |" for event in Event)
    return "\n".join((_CATALOGUE_HEAD, *rows, ""))


_CATALOGUE_HEAD: Final = """\
# Events

Every line in the logs of the hub is one JSON object with `time`, `level`, `event` and what belongs to the event. The events
below are all there are. No line holds a value from a record; a field that could have held one shows the name of its type,
as in `"<str>"`. Errors are told by type (`error`), place in the code (`place`) and what the hub itself wrote about them
(`what`, `why`, `now`). Generated from `hub/observe.py` by `make docs`.

| event | level | what happened |
| --- | --- | --- |"""


# -- the door itself


def _say(event: Event, fields: Mapping[str, object]) -> None:
    with suppress(OSError, ValueError):  # standard error is closed or its disk is full: there is nobody left to tell
        structlog.get_logger().log(event.level.number, event, fields=fields)


_FIELD: Final = re.compile(r"[a-z]+(?:_[a-z]+)*", re.ASCII)


def _allowed(_logger: Any, method: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last thing before a line is written, so that whatever else was configured or bound passes through here."""
    event = said.get("event")
    line: dict[str, Any] = {
        "time": rfc3339(SystemClock().now_us()),
        "level": method,
        "event": event.value if isinstance(event, Event) else _masked(event),
    }
    fields = said.get("fields")
    bound = {name: value for name, value in said.items() if name not in {"event", "fields"}}
    for name, value in {**bound, **(fields if isinstance(fields, dict) else {})}.items():
        if len(name) <= 32 and _FIELD.fullmatch(name):
            line.setdefault(name, _passed(value))
    return line


def _passed(value: object) -> object:
    match value:
        case None | bool():
            return value
        case UUID():  # also the driver's own kind, which the JSON library does not take
            return str(value)
        case Micros():
            return rfc3339(value)
        case Count():
            return int(value)
        case Seconds():
            return round(float(value), 6)
        case _Written():
            return value[:500].encode("utf-8", "replace").decode("utf-8")
        case Term():
            return str.__str__(value)
        case StrEnum() if type(value).__module__.startswith("hub."):
            return value.value
        case tuple():
            return [_passed(item) for item in value]
        case _:
            return _masked(value)


def _masked(value: object) -> str:
    return f"<{type(value).__name__}>"


def _as_json(_logger: Any, _method: str, line: Mapping[str, Any]) -> bytes:
    return orjson.dumps(line)


def _about(error: BaseException | None, raised_at: TracebackType | None = None) -> dict[str, object]:
    """What may be told of an error: nothing of its text, its arguments or its frames' variables."""
    if error is None:
        return {}
    while isinstance(error, BaseExceptionGroup):  # what happened is in it; that tasks ran together is not what happened
        error = error.exceptions[0]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told: dict[str, object] = {"error": _type_name(error), "place": _place(raised_at or error.__traceback__)}
    if cause is not None:
        told["cause"] = _type_name(cause)
    if isinstance(error, HubError):
        told |= {name: _Written(text) for name in ("what", "why", "now") if (text := getattr(error, name))}
    return told


def _type_name(error: BaseException) -> _Written:
    return _Written(f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."))


def _place(raised_at: TracebackType | None) -> _Written | None:
    """Module and line where it broke: the innermost one of ours, or the innermost of all."""
    places = [(str(frame.f_globals.get("__name__", "?")), line) for frame, line in traceback.walk_tb(raised_at)]
    ours = [place for place in places if place[0].split(".")[0] == "hub"]
    return _Written("{}:{}".format(*(ours or places)[-1])) if places else None


# -- the other ways that text gets into a log, all led to the door

_LOGGER_NAME: Final = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_.]{0,80}", re.ASCII)


class _Mute(logging.LogRecord):
    """A record of the standard library's logging that has lost its text as soon as it is made, whoever handles it."""

    def __init__(
        self, name: str, level: int, pathname: str, lineno: int, msg: object, args: Any, exc_info: Any, *rest: Any, **more: Any
    ) -> None:
        super().__init__(name, level, pathname, lineno, "text withheld", (), None)
        error = exc_info[1] if isinstance(exc_info, tuple) else None
        self.told = _about(error)


class _Library(logging.Handler):
    """Says that a library spoke."""

    def emit(self, record: logging.LogRecord) -> None:
        name = _Written(record.name) if _LOGGER_NAME.fullmatch(record.name) else None
        told = getattr(record, "told", {})
        _say(Event.library_message, {"logger": name, "severity": _Written(logging.getLevelName(record.levelno)), **told})


def configure(level: Level = Level.info, stream: BinaryIO | None = None) -> None:
    """Opens the door: lines of `level` and above go to `stream` (standard error), and libraries and crashes pass through it.

    For the start of a process. Run servers with their own logging configuration switched off, and call `watch` in each loop.
    """
    _open(level, stream)
    logging.setLogRecordFactory(_Mute)
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    logging.root.handlers[:] = [_Library()]
    logging.root.setLevel(max(level.number, logging.WARNING))
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)
    sys.unraisablehook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Reports what nobody awaited in `loop`, in place of the loop's own message, which shows values."""
    loop.set_exception_handler(_unawaited)


def _unawaited(_loop: asyncio.AbstractEventLoop, told: Mapping[str, Any]) -> None:
    error = told.get("exception")
    if isinstance(error, BaseException):
        report(error)
    else:
        emit(Event.failure)


def _crashed(kind: type[BaseException], error: BaseException | None, raised_at: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _say(Event.failure, _about(error or kind(), raised_at))


def _open(level: Level, stream: BinaryIO | None) -> None:
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _allowed, _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=lambda *_: structlog.BytesLogger(stream or sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )


_open(Level.info, None)  # from the first import on, so that nothing can be said before the door is there
