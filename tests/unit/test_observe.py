"""What reaches a log line is decided by type; everything else is named and dropped, whichever way it came."""

import asyncio
import io
import logging
import sys
import threading
import warnings
from datetime import datetime
from uuid import UUID

import orjson
import pytest
import structlog

from hub import observe
from hub.domain.personal import Bsn
from hub.domain.terms import Count, Form, Micros, PartyId, ReasonCode, Seconds
from hub.errors import Retry
from hub.observe import Event, Level
from tests.canary import BSN, NAME, found_in


@pytest.fixture
def log(monkeypatch):
    """The lines written since the last call, with everything that `configure` changes in the process put back afterwards."""
    stream = io.BytesIO()
    held = (logging.getLogRecordFactory(), logging.raiseExceptions, logging.root.handlers[:], logging.root.level)
    loggers = {
        logger: (logger.handlers[:], logger.propagate, logger.level)
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    }
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    observe.configure(Level.debug, stream)

    def read():
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        assert not found_in(text)
        return [orjson.loads(line) for line in text.splitlines()]

    yield read
    logging.captureWarnings(False)
    logging.setLogRecordFactory(held[0])
    logging.raiseExceptions, logging.root.handlers[:], logging.root.level = held[1:]
    for logger, (handlers, propagate, level) in loggers.items():
        logger.handlers[:], logger.propagate, logger.level = handlers, propagate, level
    observe._open(Level.info, None)


def _provoke(text=BSN):
    raise ValueError(f"could not read {text}")


def _caught():
    try:
        _provoke()
    except ValueError as error:
        return error


def test_a_line_is_json_with_moment_level_event_and_fields(log):
    ref = UUID(int=7)
    observe.emit(
        Event.chunk_recorded,
        party=PartyId("duo-rmc"),
        rows=Count(500),
        took=Seconds(0.25),
        at=Micros(1_000_001),
        form=Form.raw,
        ref=ref,
        whole=True,
        none=None,
        reasons=(ReasonCode("ONBEKEND"),),
    )
    [line] = log()
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "chunk_recorded",
        "party": "duo-rmc",
        "rows": 500,
        "took": 0.25,
        "at": "1970-01-01T00:00:01.000001Z",
        "form": "raw",
        "ref": str(ref),
        "whole": True,
        "none": None,
        "reasons": ["ONBEKEND"],
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (BSN, "<str>"),
        (int(BSN), "<int>"),
        (float(BSN), "<float>"),
        (BSN.encode(), "<bytes>"),
        (Bsn(BSN), "<Bsn>"),
        ({"bsn": BSN}, "<dict>"),
        ({BSN: True}, "<dict>"),
        ([PartyId("duo-rmc")], "<list>"),
        ((BSN, PartyId("duo-rmc"), (BSN,)), ["<str>", "duo-rmc", ["<str>"]]),
        (ValueError(BSN), "<ValueError>"),
        (logging, "<module>"),
    ],
)
def test_a_value_of_another_type_leaves_the_name_of_its_type(log, value, shown):
    observe.emit(Event.hub_started, field=value)
    with observe.context(bound=value):
        observe.emit(Event.hub_started)
    first, second = log()
    assert first["field"] == shown
    assert second["bound"] == shown


def test_a_name_that_could_be_a_value_is_dropped(log):
    observe.emit(Event.hub_started, **{BSN: True, f"n{BSN}": True, NAME: True, "x" * 33: True, "good_name": True})
    [line] = log()
    assert set(line) == {"time", "level", "event", "good_name"}


def test_fields_cannot_take_the_place_of_what_the_door_says(log):
    observe.emit(Event.hub_started, time=Count(1), level=Form.raw)
    [line] = log()
    assert line["level"] == "info"
    assert line["time"] != 1


def test_lines_below_the_level_are_not_written(log):
    stream = io.BytesIO()
    observe.configure(Level.warning, stream)
    observe.emit(Event.hub_started)
    observe.emit(Event.log_unavailable)
    assert [orjson.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["log_unavailable"]


def test_a_closed_stream_does_not_stop_the_work():
    stream = io.BytesIO()
    observe._open(Level.info, stream)
    stream.close()
    try:
        observe.emit(Event.hub_started)
    finally:
        observe._open(Level.info, None)


def test_context_ends_with_its_block_and_stays_within_its_task(log):
    async def call(party):
        with observe.context(party=PartyId(party)):
            await asyncio.sleep(0)
            observe.emit(Event.message_admitted)

    async def both():
        await asyncio.gather(call("een"), call("twee"))

    asyncio.run(both())
    observe.emit(Event.hub_stopped)
    lines = log()
    assert [line.get("party") for line in lines] == ["een", "twee", None]


def test_an_error_is_told_by_type_place_and_cause(log):
    observe.report(_caught(), Event.connector_failed, party=PartyId("duo-rmc"))
    [line] = log()
    assert line["event"] == "connector_failed"
    assert line["error"] == "ValueError"
    assert line["place"].startswith(f"{__name__}:")
    assert line["party"] == "duo-rmc"


def test_an_error_in_the_hub_is_placed_at_its_innermost_line_there(log):
    try:
        Bsn("123456789")
    except ValueError as error:
        observe.report(error)
    [line] = log()
    assert line["place"].startswith("hub.domain.personal:")


def test_our_own_errors_are_told_in_full_and_foreign_causes_by_type(log):
    try:
        raise Retry("The database is away.", "It does not answer.", "Start it.") from _caught()
    except Retry as error:
        observe.report(error, Event.database_unavailable)
    [line] = log()
    assert (line["error"], line["cause"]) == ("hub.errors.Retry", "ValueError")
    assert (line["what"], line["why"], line["now"]) == ("The database is away.", "It does not answer.", "Start it.")


@pytest.mark.parametrize("how", ["message", "argument", "extra", "exception", "level"])
def test_libraries_are_heard_but_not_quoted(log, how):
    logger = logging.getLogger("uvicorn.error")
    if how == "message":
        logger.warning(f"no {BSN}")
    elif how == "argument":
        logger.warning("no %s", BSN)
    elif how == "extra":
        logger.warning("no", extra={"bsn": BSN})
    elif how == "level":
        logger.log(35, BSN)
    else:
        try:
            _provoke()
        except ValueError:
            logger.exception(BSN)
    [line] = log()
    assert line["event"] == "library_message"
    assert line["logger"] == "uvicorn.error"
    assert line.get("error") == ("ValueError" if how == "exception" else None)


def test_a_library_with_a_handler_of_its_own_has_nothing_to_write(log):
    heard = io.StringIO()
    logger = logging.getLogger("sqlalchemy.engine.Engine")
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    logger.addHandler(handler)
    try:
        _provoke()
    except ValueError:
        logger.exception("INSERT %s", BSN)
    finally:
        logger.removeHandler(handler)
    assert "sqlalchemy.engine.Engine" in heard.getvalue()
    assert not found_in(heard.getvalue())
    assert len(log()) == 1


def test_a_logger_named_after_a_value_is_not_named(log):
    logging.getLogger(f"session.{BSN}").warning("hello")
    assert log()[0]["logger"] is None


def test_handlers_that_libraries_had_are_closed_off(log):
    logger = logging.getLogger("library.that.came.first")
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.propagate = False
    observe.configure(Level.info, io.BytesIO())
    assert (logger.handlers, logger.propagate) == ([], True)


def test_structlog_by_itself_passes_the_same_door(log):
    structlog.get_logger().error(f"no {BSN}", bsn=BSN, rows=Count(2), exc_info=_caught())
    [line] = log()
    assert (line["event"], line["bsn"], line["rows"]) == ("<str>", "<str>", 2)


def test_warnings_are_heard_but_not_quoted(log):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        observe.configure(Level.info, stream := io.BytesIO())
        warnings.warn(BSN, UserWarning, stacklevel=1)
    assert orjson.loads(stream.getvalue())["logger"] == "py.warnings"
    assert not found_in(stream.getvalue())


def test_a_crash_is_told_without_its_text(log, capsys):
    error = _caught()
    sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=_provoke)
    thread.start()
    thread.join()
    lines = log()
    assert [(line["event"], line["error"]) for line in lines] == [("failure", "ValueError")] * 2
    assert not found_in(*capsys.readouterr())


def test_an_interrupt_by_hand_is_no_crash(log):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert log() == []


def test_what_nobody_awaited_is_told_without_its_text(log):
    async def crash():
        loop = asyncio.get_running_loop()
        observe.watch(loop)
        loop.call_soon(_provoke)
        loop.call_exception_handler({"message": BSN, "future": BSN})
        await asyncio.sleep(0)

    asyncio.run(crash())
    lines = log()
    assert [(line["event"], line.get("error")) for line in lines] == [("failure", None), ("failure", "ValueError")]


def test_a_trace_is_taken_over_and_passed_on(log):
    given = "0af7651916cd43dd8448eb211c80319c"
    with observe.trace(f"00-{given}-b7ad6b7169203331-01") as trace_id:
        assert trace_id == given
        version, passed_on, span, _ = observe.traceparent().split("-")
        observe.emit(Event.message_admitted)
    assert (version, passed_on) == ("00", given)
    assert span != "b7ad6b7169203331"
    assert observe.traceparent() is None
    assert log()[0]["trace"] == given


@pytest.mark.parametrize(
    "unreadable",
    [
        None,
        "",
        BSN,
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "ff-" + "a" * 32 + "-b7ad6b7169203331-01",
        "00-" + "a" * 32 + "-" + "0" * 16 + "-01",
    ],
)
def test_a_trace_begins_where_none_can_be_read(unreadable):
    with observe.trace(unreadable) as first, observe.trace(unreadable) as second:
        assert len({first, second}) == 2
        assert observe.traceparent().split("-")[1] == second


def test_every_event_is_published_with_one_sentence():
    published = observe.catalogue()
    for event in Event:
        assert f"| `{event}` | {event.level} | {event.meaning} |" in published
        assert event.meaning.endswith(".")
        assert event.meaning.count(". ") == 0


def test_of_tasks_that_failed_together_the_first_error_is_told(log):
    observe.report(ExceptionGroup("together", [ExceptionGroup("inner", [ZeroDivisionError("x")]), ValueError("y")]))
    assert log()[0]["error"] == "ZeroDivisionError"
