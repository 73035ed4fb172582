"""The interface does what its description says, for inputs that nobody thought of, and from sign-in to acknowledgement."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.schemas import APIOperation

from hub.domain.kinds import RECORDS
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.records.verzuimmelding import Verzuimmelding
from tests.fakes.caller import FORM
from tests.fakes.partner import ASSERTION_TYPE, DESK, TOKEN_URL, Desk, ec_key, record, rsa_key, signed

# What it does not know how to make, it says with a warning, and the workbook among the media types is made elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload:UserWarning")
_DESK = Desk()
_SCHEMA = schemathesis.openapi.from_asgi("/v1/openapi.json", _DESK.app)


_OPERATIONS = [found.ok() for found in _SCHEMA.get_all_operations()]
# One module answers for every kind of record: two of them are tried at length, the others for their schema alone.
_MORE_KINDS = tuple(f"/{model.RESOURCE}" for model in RECORDS.values() if model not in (Uitvalmelding, Verzuimmelding))
_SEEN = FeedbackSources(constants_value_source=make_constants_value_source(_SCHEMA))


# Not with `parametrize` of the schema: that makes the inputs of every operation in each process that collects.
@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_as_described(operation: APIOperation) -> None:
    length = settings(
        max_examples=6 if operation.path.endswith(_MORE_KINDS) else 40,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    build_operation_test(
        config=_SCHEMA.config,
        operation=operation,
        test_func=_is_as_described,
        given_kwargs={},
        feedback=_SEEN,
        explicit_settings=length,
    )()


def _is_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(
        headers={"Authorization": f"Bearer {_DESK.token()}"},
        # No schema can say what a valid BSN is, so a record that follows the schema may well be refused.
        excluded_checks=[checks.positive_data_acceptance],
    )


async def test_from_sign_in_to_acknowledgement() -> None:
    desk = Desk()
    async with desk.client() as client:
        token = {}
        for name, key, alg in (("roc-client", ec_key("roc-1"), "ES256"), ("dsp-client", rsa_key("dsp-1"), "PS256")):
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": signed({"alg": alg, "kid": key.kid}, desk.claims(name), key),
            }
            answer = await client.post(TOKEN_URL, data=form, headers={"content-type": FORM})
            token[name] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        sent = await client.post(
            "/v1/uitvalmeldingen", json=record(), headers=token["roc-client"] | {"Idempotency-Key": str(uuid4())}
        )
        assert sent.status_code == 201
        desk.way.hold(delivery := uuid4(), DESK, b'{"geslachtsnaam":"Verzonnen"}')
        (got,) = (await client.get("/v1/bezorgingen", headers=token["dsp-client"])).json()["bezorgingen"]
        assert UUID(got["bezorgingId"]) == delivery
        assert got["inhoud"] == {"geslachtsnaam": "Verzonnen"}
        done = await client.post(
            "/v1/bezorgingen/ontvangst",
            json={"bezorgingen": [got["bezorgingId"]]},
            headers=token["dsp-client"] | {"Idempotency-Key": str(uuid4())},
        )
        assert done.json()["bevestigd"] == [str(delivery)]
