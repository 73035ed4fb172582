"""The Zaken API: a delivery is looked up, made where it is not there, and completed where it was left half made.

No call is trusted to have had an effect, and none to have had none: before anything is made it is looked for by what follows
from the delivery alone, so that a case is there once, wherever hub or case system stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.connector import Endpoint, Said
from hub.connectors.gemeente_zgw.outbound import (
    TAKEN,
    UNFIT,
    Catalogue,
    content_of,
    faults_of,
    refusal_of,
    rol_of,
    status_of,
    zaak_of,
)
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.http import Answer
from hub.transports.singly import singly
from hub.transports.web import served, spoken
from hub.transports.zgw import Zgw, identity_of, parsed, probe, strange

__all__ = ["open_sink", "probe"]

_NOT_THIS = frozenset((400, 413, 422))


def open_sink(endpoint: Endpoint) -> ZgwSink:
    """Connects to nobody yet. Raises errors.Misconfigured where a certificate or its key cannot be used."""
    return ZgwSink(endpoint)


class _Refused(Exception):
    """The case system does not take what the delivery holds."""

    def __init__(self, code: ReasonCode) -> None:
        super().__init__(code)
        self.code = code


class ZgwSink:
    """A gemeente's case system; satisfies `hub.connector.Sink`. One case at a time, in the order of the page."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._zgw = endpoint, Zgw(endpoint)

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        """One case for each. Raises Rejected, hub.http.Away or hub.http.Barred where nothing was answered."""
        return await singly(page, self._endpoint.timeout_s, self._one)

    async def tell(self, _page: Mapping[str, Any], _ids: Sequence[UUID], /) -> frozenset[UUID]:
        """None of them: a case has no place for a notice. They wait until somebody fetches them."""
        return frozenset()

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._zgw.close()

    async def _one(self, delivery: Delivered) -> ReasonCode | None:
        """Why a delivery is refused; None where its case is there."""
        content = content_of(delivery)
        if content is None:
            return UNFIT
        try:
            await self._complete(delivery, content)
        except _Refused as wrong:
            return wrong.code
        return None

    async def _complete(self, delivery: Delivered, content: Mapping[str, Any]) -> None:
        catalogue = Catalogue.of(self._endpoint)
        zaak = await self._find(delivery, catalogue) or await self._make(delivery, content, catalogue)
        if not await self._has("rollen", zaak, "roltype", catalogue.roltype):
            self._made(await self._zgw.post("rollen", rol_of(content, zaak, catalogue)))
        if not await self._has("statussen", zaak, "statustype", catalogue.statustype):
            self._made(await self._zgw.post("statussen", status_of(delivery, zaak, catalogue)))

    async def _find(self, delivery: Delivered, catalogue: Catalogue) -> str | None:
        """The address of the case of this delivery, if it is there."""
        found = await self._listed(
            "zaken", {"identificatie": identity_of(delivery.delivery_id), "bronorganisatie": catalogue.rsin}
        )
        return self._address(found[0]) if found else None

    async def _make(self, delivery: Delivered, content: Mapping[str, Any], catalogue: Catalogue) -> str:
        answer = await self._zgw.post("zaken", zaak_of(delivery, content, catalogue))
        if answer.status == 409 or (answer.status == 400 and any(code == TAKEN for _, code in faults_of(answer))):
            found = await self._find(delivery, catalogue)  # made by a call that was thought lost
            if found is None:
                raise strange()
            return found
        return self._address(parsed(self._made(answer)))

    async def _has(self, resource: str, zaak: str, name: str, value: str) -> bool:
        return any(one.get(name) == value for one in await self._listed(resource, {"zaak": zaak}))

    async def _listed(self, resource: str, known: Mapping[str, str]) -> list[Any]:
        """What there is of it. Raises Away where the list holds anything else: then nobody knows what it leaves out."""
        found = await self._zgw.results(resource, known)
        if not all(isinstance(one, dict) and all(one.get(name) == value for name, value in known.items()) for one in found):
            raise strange()
        return found

    def _made(self, answer: Answer) -> Answer:
        if answer.status in _NOT_THIS:
            raise _Refused(refusal_of(answer))
        with spoken():
            return served(answer)

    def _address(self, zaak: Any) -> str:
        """Where a case is. Raises Away where that is not below the address of this system."""
        url = zaak.get("url") if isinstance(zaak, dict) else None
        if not isinstance(url, str) or not self._zgw.owns(url):
            raise strange()
        return url
