"""No way out: a value about a person does not leave by print, log, dump, copy, error or answer, unless it is revealed.

Every probe is a way in which values do leave. Each is tried on everything that holds a value, and each has to find the value in
one of three things that hold it in the open, or it would prove nothing.
"""

import copy
import dataclasses
import io
import json
import logging
import logging.handlers
import marshal
import pickle
import pprint
import string
import traceback
from contextlib import redirect_stdout
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
import pytest
import structlog
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json, to_jsonable_python
from sqlalchemy import Text, bindparam, column, literal, table
from sqlalchemy.dialects.postgresql import asyncpg as postgresql
from sqlalchemy.exc import StatementError

from hub import db, observe
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import (
    Candidate,
    Canonical,
    Delivered,
    Grant,
    Permitted,
    Protected,
    ProtectedRecord,
    Received,
    Rejected,
    Row,
)
from hub.domain.stages import Refused as RefusedStage
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    Interface,
    LogId,
    Micros,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)
from hub.errors import HubError
from hub.receive.problem import of_error
from hub.receive.statements import Verklaring
from tests.canary import BSN, CANARIES, NAME, ONDERWIJSNUMMER, PSEUDONYM, found_in, graph_of, told_by

# -- what holds a value

BODY = {
    "bsn": BSN,
    "geslachtsnaam": NAME,
    "geboortedatum": "2007-02-28",
    "gemeente": "0599",
    "indicatieGeheim": True,
    "brin": "99XX",
    "onderwijssoort": "vso",
    "datumUitschrijving": "2026-03-01",
    "startkwalificatie": False,
    "opmerking": f"{NAME} {BSN}",
}
RECORD = Uitvalmelding.model_validate_json(json.dumps(BODY))
ROW = Row(2, Personal(BODY), Personal(json.dumps(BODY).encode()))
CANONICAL = Canonical(RECORD, ROW)
PARTY = PartyId("doorstroompunt-rijnmonde")
CANDIDATE = Candidate(PARTY, PartyId("duo"), (PartyId("duo"), PARTY))
GRANT = Grant(
    AgreementId("duo-doorstroompunt/1"),
    ClauseId("duo-doorstroompunt/1/uitval"),
    PurposeId("uitval"),
    "https://example.test/verwerking",
    (BasisId("web-8.3.2"),),
    ((ElementName("bsn"), Form.pseudonym),),
    (),
    (),
    "P2Y",
    PolicyHash("0" * 64),
    MappingProxyType({}),
)
PERMITTED = Permitted(CANONICAL, CANDIDATE, GRANT, date(2026, 12, 31))
REFUSED = RefusedStage(
    CANONICAL,
    CANDIDATE,
    None,
    None,
    (ReasonCode("GEEN_GRONDSLAG"),),
    frozenset({ReasonCode("OVERLEDEN")}),
    PolicyHash("0" * 64),
)
ID = UUID(int=7)
PROTECTED = Protected(ID, PERMITTED, b"sealed", b"d", b"f", b"n", b"c")
FACTS = SubjectFacts(
    as_of=date(2026, 3, 1),
    age=19,
    overleden=False,
    startkwalificatie=False,
    ingeschreven=False,
    indicatie_geheim=True,
    onderwijssoort=NAME,  # a text field; the canary stands for whatever is in it
    datum_diploma=None,
    gemeente=BSN,
    has_bsn=True,
    standing=frozenset({Stated(StatementKind.bezwaar)}),
)

STATED = Verklaring.model_validate_json(
    json.dumps(
        {
            "handeling": "vastleggen",
            "bsn": BSN,
            "soort": "toestemming",
            "stem": "ouder",
            "wijze": "balie",
            "geboortedatum": "2007-02-28",
            "machtiging": {"soort": "ouderlijk-gezag", "kenmerk": NAME},
        }
    )
)

HOLDERS: dict[str, Any] = {
    "Bsn": Bsn(BSN),
    "Onderwijsnummer": Onderwijsnummer(ONDERWIJSNUMMER),
    "Pseudonym": Pseudonym(PSEUDONYM),
    "Personal[str]": Personal(NAME),
    "Personal[bytes]": Personal(BSN.encode()),
    "Personal[int]": Personal(int(BSN)),
    "Personal[dict]": Personal({NAME: BSN}),
    "Personal[Personal]": Personal(Personal(BSN)),
    "Uitvalmelding": RECORD,
    "Verklaring": STATED,
    "SubjectFacts": FACTS,
    "Row": ROW,
    "Received": Received(PARTY, LogId("demo"), Interface.rest, ID, Micros(1), (ROW,)),
    "Canonical": CANONICAL,
    "Rejected": Rejected(ROW, (("bsn", ReasonCode("BSN_ONGELDIG")),)),
    "Permitted": PERMITTED,
    "Refused": REFUSED,
    "Protected": PROTECTED,
    "ProtectedRecord": ProtectedRecord(ID, b"c", b"t", b"f", (PROTECTED,)),
    "Delivered": Delivered(
        ID, PARTY, PartyId("duo"), RecordKind("uitvalmelding"), Personal(json.dumps(BODY).encode()), "e", "r"
    ),
    "a list of them": [Bsn(BSN), RECORD, FACTS],
    "a dict of them": {"bsn": Bsn(BSN), "record": RECORD, "facts": FACTS},
    "an exception about one": ValueError(Bsn(BSN), RECORD, FACTS),
}


@dataclasses.dataclass
class OpenDataclass:
    bsn: str


class OpenModel(BaseModel):
    bsn: str


OPEN: dict[str, Any] = {"str": BSN, "dataclass": OpenDataclass(BSN), "model": OpenModel(bsn=BSN)}


# -- how a value leaves


def _printed(thing):
    with redirect_stdout(io.StringIO()) as out:
        print(thing)  # noqa: T201
        pprint.pprint(thing)  # noqa: T203
    return out.getvalue()


def _formatted(thing):
    texts = [f"{thing}", f"{thing!s}", f"{thing!r}", f"{thing!a}", f"{thing=}", string.Template("$x").substitute(x=thing)]
    for spec in ("", "s", ">40", "<9", "x", "d", ".3", "040", "%Y-%m-%d", "!r"):
        try:
            texts.append(format(thing, spec))
        except (TypeError, ValueError) as error:
            texts += told_by(error)
    return texts


def _logged(thing, **how):
    heard = io.StringIO()
    logger = logging.Logger("probe")
    logger.addHandler(logging.StreamHandler(heard))
    memory = logging.handlers.MemoryHandler(100)
    logger.addHandler(memory)
    logger.warning(thing)
    logger.warning("%s", thing)
    logger.warning("%r %a", thing, thing)
    logger.warning("extra", extra={"thing": thing})
    try:
        raise ValueError(thing)
    except ValueError:
        logger.exception("failed", stack_info=True)
    return [heard.getvalue(), *(repr(vars(record)) for record in memory.buffer)]


def _structlogged(thing):
    heard = io.StringIO()
    for renderer in (
        structlog.processors.JSONRenderer(),
        structlog.processors.KeyValueRenderer(),
        structlog.dev.ConsoleRenderer(),
    ):
        logger = structlog.wrap_logger(structlog.PrintLogger(heard), [structlog.processors.dict_tracebacks, renderer])
        logger.info("said", thing=thing)
        try:
            raise ValueError(thing)
        except ValueError:
            logger.info("failed", thing=thing, exc_info=True)
    return heard.getvalue()


def _raised(thing):
    def deep(held):
        inner = held
        raise LookupError(held, f"{inner}")

    try:
        deep(thing)
    except LookupError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        return ["".join(shown.format()), *told_by(error)]


def _validated(thing):
    texts = []
    for kind in (int, date, list[int], dict[str, int], OpenModel, Uitvalmelding):
        try:
            TypeAdapter(kind).validate_python(thing)
        except ValidationError as error:
            texts += [str(error), repr(error), repr(error.errors()), repr(error.errors(include_input=False)), error.json()]
    return texts


def _in_sql(thing):
    statement = table("person", column("bsn", Text)).insert().values(bsn=literal(thing, Text))
    texts = [repr(statement), str(statement)]
    for how in ({}, {"compile_kwargs": {"literal_binds": True}}):
        try:
            compiled = statement.compile(dialect=postgresql.dialect(), **how)
            texts += [str(compiled), repr(compiled.params)]
        except Exception as error:
            texts += told_by(error)
    failed = StatementError("failed", "INSERT INTO person VALUES ($1)", {"bsn": thing}, ValueError("no"))
    return [*texts, str(failed), repr(bindparam("bsn", thing, Text).effective_value)]


def _dumped(thing):
    texts = []
    for dump in (
        json.dumps,
        lambda it: json.dumps(it, default=str),
        lambda it: json.dumps(it, default=repr),
        lambda it: json.dumps(it, default=vars),
        lambda it: json.dumps(it, default=lambda o: o.__dict__),
        lambda it: json.dumps(it, default=list),
        orjson.dumps,
        lambda it: orjson.dumps(it, default=str),
        lambda it: orjson.dumps(it, default=repr),
        lambda it: orjson.dumps(it, default=vars),
        to_json,
        lambda it: to_json(it, fallback=str),
        lambda it: to_json(it, serialize_unknown=True),
        lambda it: to_jsonable_python(it, serialize_unknown=True),
        lambda it: TypeAdapter(Any).dump_json(it),
        lambda it: TypeAdapter(Any).dump_python(it, mode="json"),
        jsonable_encoder,
    ):
        try:
            texts.append(dump(thing))
        except Exception as error:
            texts += told_by(error)
    return texts


def _emitted(thing):
    heard = io.BytesIO()
    observe._open(observe.Level.debug, heard)
    try:
        with observe.context(bound=thing):
            observe.emit(observe.Event.failure, thing=thing, nested=(thing, (thing,)))
            observe.report(ValueError(thing), thing=thing)
        structlog.get_logger().error(thing, thing=thing)
    finally:
        observe._open(observe.Level.info, None)
    return heard.getvalue()


PROBES = {
    "str": str,
    "repr": repr,
    "print": _printed,
    "format": _formatted,
    "percent": lambda it: ["%s" % (it,), "%r %a" % (it, it)],  # noqa: UP031
    "str.format": lambda it: "{0} {0!r} {0!a} {0!s:>40}".format(it),  # noqa: UP032
    "number": lambda it: "%d %x" % (it, it),  # noqa: UP031
    "bytes": lambda it: [b"%b" % it, bytes(it)],
    "concatenation": lambda it: "bsn: " + it,
    "join": lambda it: ",".join([it]),
    "iteration": list,
    "dict": dict,
    "vars": vars,
    "__dict__": lambda it: it.__dict__,
    "__getstate__": lambda it: it.__getstate__(),
    "logging": _logged,
    "structlog": _structlogged,
    "dumps": _dumped,
    "pickle": lambda it: [pickle.dumps(it, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)],
    "marshal": marshal.dumps,
    "copy": lambda it: [repr(copy.copy(it)), repr(copy.deepcopy(it))],
    "asdict": dataclasses.asdict,
    "astuple": dataclasses.astuple,
    "model_dump": lambda it: it.model_dump(),
    "model_dump json mode": lambda it: it.model_dump(mode="json"),
    "model_dump_json": lambda it: it.model_dump_json(),
    "model_dump round trip": lambda it: it.model_dump(round_trip=True, warnings=False),
    "model_copy": lambda it: repr(it.model_copy()),
    "model fields": lambda it: [*it, *it.__repr_args__(), *it.__rich_repr__()],
    "exception": _raised,
    "validation": _validated,
    "sql": _in_sql,
}


def heard(probe, thing):
    """What `probe` gets out of `thing`, be it that it fails: then all that can be read off the failure."""
    try:
        return found_in(*(found if isinstance(found := probe(thing), list) else [found]))
    except Exception as error:  # whatever it is, it is searched
        return found_in(*told_by(error))


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_the_probe_finds_a_value_that_stands_in_the_open(probe):
    assert any(heard(probe, thing) for thing in (*OPEN.values(), int(BSN), BSN.encode(), [BSN], {"bsn": BSN}))


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_no_value_leaves(probe, holder):
    assert heard(probe, holder) == set()


@pytest.mark.parametrize(
    "thing", [*HOLDERS.values(), *OPEN.values(), int(BSN), {BSN: BSN}, [BSN]], ids=lambda it: type(it).__name__
)
def test_the_log_lets_no_value_pass_even_in_the_open(thing):
    assert found_in(_emitted(thing)) == set()


# -- what is refused


WRONG = {
    "a number that is none": {"bsn": str(int(BSN) + 1)},
    "both numbers": {"onderwijsnummer": ONDERWIJSNUMMER},
    "the one for the other": {"bsn": None, "onderwijsnummer": BSN},
    "a key that is a value": {BSN: True},
    "a value that is too long": {"geslachtsnaam": NAME * 20},
    "another type": {"huisnummer": BSN},
    "a date that is none": {"geboortedatum": f"{BSN}-{NAME}"},
    "a date out of order": {"datumUitschrijving": "2001-01-01"},
    "a word off the list": {"onderwijssoort": NAME},
    "something nested": {"geslachtsnaam": {NAME: [BSN]}},
}


WAYS = {
    "python": Uitvalmelding.model_validate,
    "json": lambda body: Uitvalmelding.model_validate_json(json.dumps(body)),
    "strings": Uitvalmelding.model_validate_strings,
    "constructor": lambda body: Uitvalmelding(**body),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("way", WAYS)
def test_what_does_not_validate_is_not_repeated(change, way):
    body = BODY | change
    with pytest.raises(ValidationError) as caught:
        WAYS[way](body)
    error = caught.value
    outside = 1 if way in ("python", "strings") else 2  # the frames that hold `body` because this test does
    told = [error.errors(), error.errors(include_input=False), error.json(), *told_by(error, frames_outside=outside)]
    number = str(int(BSN) + 1)
    assert not found_in(*told)
    assert number not in "".join(map(repr, told))


@pytest.mark.parametrize(
    "value", [int(BSN), BSN.encode(), BSN + "0", None, [BSN], str(int(BSN) + 1)], ids=lambda it: type(it).__name__
)
def test_a_number_that_is_none_is_not_repeated(value):
    with pytest.raises(ValueError, match="not a valid bsn") as caught:
        Bsn(value)
    told = "".join(told_by(caught.value))
    assert not found_in(told)
    assert str(int(BSN) + 1) not in told


# -- what is answered


@pytest.fixture
async def client():
    """An application that does with values what must not be done with them, behind the hub's own problem details."""

    app = FastAPI(exception_handlers=dict.fromkeys((HubError, RequestValidationError, Exception), of_error))

    @app.get("/returned/{name}")
    async def returned(name: str) -> Any:
        return HOLDERS[name]

    @app.get("/raised/{name}")
    async def raised(name: str) -> Any:
        raise ValueError(f"{HOLDERS[name]}", HOLDERS[name])

    @app.post("/read")
    async def read(body: OpenNumber) -> Any:
        return str(body)

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


class OpenNumber(BaseModel):
    bsn: int


@pytest.mark.parametrize("name", [name for name in HOLDERS if "/" not in name])
@pytest.mark.parametrize("what", ["returned", "raised"])
async def test_no_answer_holds_a_value(client, what, name):
    answer = await client.get(f"/{what}/{name}")
    assert not found_in(answer.text, repr(answer.headers))


async def test_no_answer_repeats_what_was_sent(client):
    answer = await client.post("/read", json={"bsn": NAME, BSN: BSN})
    assert answer.status_code == 400
    assert not found_in(answer.text, repr(answer.headers))


# -- what the database says


def test_statements_are_never_shown_with_their_parameters():
    engine = db.create_engine("postgresql+asyncpg://hub:secret@127.0.0.1/hub").sync_engine
    assert engine.hide_parameters
    assert not engine.echo
    assert not engine.pool.echo


FAILING = {
    "a key that is there": ("INSERT INTO person VALUES ($1), ($1)", (BSN,)),
    "a rule that is broken": ("INSERT INTO person VALUES ($1 || 'x')", (BSN,)),
    "a value in the statement": (f"INSERT INTO person VALUES ('{BSN}'), ('{BSN}')", ()),
    "a text that is no number": ("SELECT $1::text::int", (NAME,)),
    "a value the driver cannot send": ("SELECT $1::int", (BSN,)),
    "a table named after a value": (f'SELECT * FROM "{NAME}"', ()),
    "a statement that cannot be read": (f"SELECT {BSN} {BSN} {NAME}", ()),
}


@pytest.mark.parametrize(("statement", "values"), FAILING.values(), ids=FAILING)
async def test_a_failing_statement_leaves_no_value_behind(engine, postgres, statement, values):
    async def fail():
        async with db.transaction(engine) as connection:
            await connection.raw.execute("CREATE TEMPORARY TABLE person (bsn text PRIMARY KEY CHECK (length(bsn) < 10))")
            await connection.raw.execute(statement, *values)

    with pytest.raises(HubError) as caught:
        await fail()
    error = caught.value
    told = [text for one in graph_of(error) for text in (str(one), repr(one), repr(vars(one)))]
    assert not found_in(*told)
    assert not any(isinstance(one, asyncpg.PostgresError) for one in graph_of(error))
    written = postgres.log.read_bytes()
    assert b"ready to accept connections" in written
    assert not found_in(written)


def test_every_canary_can_be_found():
    assert found_in(" ".join(CANARIES)) == set(CANARIES)
