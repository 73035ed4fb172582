"""The hub's end of SMTP (RFC 5321) or LMTP (RFC 2033): one mail to one instance, answered once it is known what became of it.

No address, head or line of a mail is kept, logged or repeated; an answer is one of the sentences below.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.domain.terms import ConnectorId, ReasonCode
from hub.errors import Malformed, Misconfigured, Retry
from hub.observe import Event, emit, report
from hub.ports import Clock, Entropy
from hub.receive.inbox import Brought, Full, Inbox, Instances
from hub.receive.mail.letter import keys_of, open_letter

LARGEST_MAIL: Final = 25 << 20
"""Bytes of a mail as it is sent, which hold three quarters of that in files."""
MOST_AT_ONCE: Final = 5
"""Mails that come in at the same time."""
GRACE_S: Final = 20.0
"""Seconds in which a mail that is coming in may be finished when the hub is told to stop."""
_PATIENCE_S: Final = 300.0
_LOCAL: Final = re.compile(r"([a-z][a-z0-9-]{0,63})@([a-z0-9.-]{1,253})", re.ASCII)

_TAKEN: Final = "250 2.0.0 Het bericht is veilig bewaard."
_UNKNOWN: Final = "550 5.1.1 Dit adres bestaat niet."
_ONE: Final = "452 4.5.3 Stuur elk bericht aan een adres."
_BUSY: Final = "452 4.3.1 De hub neemt nu niets meer aan. Probeer het later opnieuw."
_AWAY: Final = "451 4.3.0 De hub kan dit nu niet. Probeer het later opnieuw."
_NOT_HERE: Final = "502 5.5.1 Dat kan hier niet."
_UNSAFE: Final = (
    "554 5.7.1 Onderteken het bericht met het afgesproken certificaat, versleutel het daarna met het certificaat van deze "
    "koppeling, en verstuur het opnieuw."
)
ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BERICHT_ONLEESBAAR": "554 5.6.0 Het bericht is niet te lezen. Maak een nieuw bericht met alleen het bestand.",
        "BESTAND_ANDERE_SOORT": "554 5.6.1 Er zit iets anders bij dan het afgesproken bestand. Stuur alleen dat bestand.",
        "BESTAND_INGEPAKT": "554 5.6.1 Een ingepakt bestand neemt de hub niet aan. Stuur het bestand zelf.",
        "BESTAND_TE_GROOT": "552 5.3.4 Het bestand is te groot. Splits het, of overleg met de beheerder.",
        "DELEN_TE_VEEL": "554 5.6.0 Het bericht heeft te veel delen. Maak een nieuw bericht met alleen het bestand.",
        "GEEN_BESTAND": "554 5.6.1 Er zit geen bestand bij, of het is leeg. Voeg het afgesproken bestand bij.",
    }
)
"""What who sends is told by code; for every other code, that the mail must be signed and encrypted."""


class Letterbox:
    """Takes mails in. `domain` is what stands behind the @ of every address here."""

    def __init__(self, inbox: Inbox, instances: Instances, domain: str, clock: Clock, entropy: Entropy) -> None:
        self._inbox, self._instances, self._domain = inbox, instances, domain.lower()
        self._clock, self._entropy = clock, entropy
        self._opening = asyncio.Semaphore(1)  # opening a mail takes memory several times its size

    async def handle_EHLO(  # noqa: N802 - the name by which aiosmtpd calls it
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        """What is offered here: nobody signs in, for who may write is known by their signature."""
        session.host_name = hostname
        return [line for line in answers if not line[4:].startswith(("AUTH", "HELP"))] + ["250 ENHANCEDSTATUSCODES"]

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether a mail may be addressed here; so that nothing is sent that will not be taken."""
        if envelope.rcpt_tos:
            return _ONE
        try:
            brought = await self._brought(address)
            if brought is None:
                return _UNKNOWN
            await self._inbox.check_room(brought)
        except Full:
            return _BUSY
        except Retry as away:
            report(away, Event.database_unavailable)
            return _AWAY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ga uw gang."

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """The answer to a mail: taken, once its files are durable; or why not."""
        brought = await self._brought(envelope.rcpt_tos[0])
        if brought is None:
            return _UNKNOWN
        mail = envelope.original_content or b""
        envelope.content = envelope.original_content = None
        try:
            return await self._take(brought, mail)
        except Malformed as wrong:
            code = wrong.faults[0].code if wrong.faults else "BESTAND_TE_GROOT"
            emit(Event.message_bounced, connector=brought.connector, reason=ReasonCode(code))
            return ANSWERS.get(code, _UNSAFE)
        except Full:
            return _BUSY

    async def handle_exception(self, error: Exception) -> str:
        """What nobody foresaw is told to the hub's own log, and to who sends that it may be tried again."""
        event = Event.misconfigured if isinstance(error, Misconfigured) else Event.failure
        report(error, Event.database_unavailable if isinstance(error, Retry) else event)
        return _AWAY

    async def _take(self, brought: Brought, mail: bytes) -> str:
        keys, spare = keys_of(brought), self._entropy(32)
        now = datetime.fromtimestamp(int(self._clock.now_us()) / 1_000_000, UTC)
        async with self._opening:
            files = await asyncio.to_thread(open_letter, mail, keys, brought.format, now, spare)
        contents = []
        for file in files:
            content = self._inbox.begin()
            content.feed(file)
            contents.append(content.finish())
        for kept in await self._inbox.keep(brought, "mail", contents):
            emit(Event.drop_seen, connector=brought.connector, drop=kept.item_id)
        return _TAKEN

    async def _brought(self, address: str) -> Brought | None:
        found = _LOCAL.fullmatch(address.lower())
        if found is None or found[2] != self._domain:
            return None
        try:
            brought = await self._instances.brought(ConnectorId(found[1]))
        except ValueError:
            return None
        return brought if brought is not None and brought.protocol == "mail" else None


class _Line:
    """What aiosmtpd leaves open: how many mails come in at once, and answers that repeat what was said."""

    coming: set[asyncio.Task[Any]]

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - as above
        if len(self.coming) >= MOST_AT_ONCE:
            await self.push(_BUSY)
            return
        task = asyncio.current_task()
        if task is not None:
            self.coming.add(task)
        try:
            await super().smtp_DATA(arg)  # type: ignore[misc]  # of SMTP or LMTP
        finally:
            if task is not None:
                self.coming.discard(task)

    async def smtp_VRFY(self, _arg: str) -> None:  # noqa: N802 - as above
        await self.push(_NOT_HERE)

    smtp_EXPN = smtp_HELP = smtp_AUTH = smtp_VRFY  # noqa: N815 - as above

    async def push(self, status: str | bytes) -> None:
        repeats = isinstance(status, str) and status.startswith('500 Error: command "')
        await super().push(_NOT_HERE if repeats else status)  # type: ignore[misc]  # of SMTP or LMTP


class _Smtp(_Line, SMTP):
    pass


class _Lmtp(_Line, LMTP):
    pass


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the hub listens for mail: on this machine alone, or with TLS, which is then required (STARTTLS, RFC 3207)."""

    host: str
    port: int
    domain: str
    lmtp: bool = False
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """TLS, where there is a certificate. Raises errors.Misconfigured where it is needed or cannot be used."""
        if self.certificate is None:
            with suppress(ValueError):
                if ip_address(self.host).is_loopback:
                    return None
            raise Misconfigured(
                "Mail is not listened for without TLS.",
                f"{self.host} is not an address of this machine alone, and there is no certificate.",
                "Set HUB_TLS_CERTIFICATE and HUB_TLS_KEY, or HUB_MAIL_HOST to 127.0.0.1.",
            )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError:  # ssl.SSLError is one
            raise Misconfigured(
                "The TLS certificate or its key cannot be read.",
                "A file is missing, is not readable, is no PEM, or the two do not belong together.",
                "Check HUB_TLS_CERTIFICATE and HUB_TLS_KEY.",
            ) from None
        return context


async def serve(
    box: Letterbox, where: Listening, stopping: asyncio.Event, ready: Callable[[int], None] = lambda _port: None
) -> None:
    """Takes mail in until `stopping`; what is coming in is finished first. `ready` is told the port.

    Raises Misconfigured where the address is taken or TLS cannot be had.
    """
    context, loop = where.context(), asyncio.get_running_loop()
    coming: set[asyncio.Task[Any]] = set()

    def line() -> SMTP:
        made = (_Lmtp if where.lmtp else _Smtp)(
            box,
            data_size_limit=LARGEST_MAIL,
            hostname=where.domain,
            ident="hub",
            tls_context=context,
            require_starttls=context is not None,
            timeout=_PATIENCE_S,
            loop=loop,
        )
        made.coming = coming
        return made

    try:
        server = await loop.create_server(line, where.host, where.port)
    except OSError:
        raise Misconfigured(
            f"The hub cannot listen for mail on {where.host}, port {where.port}.",
            "Another process does, or the address is not this machine's.",
            "Stop the other process, or set HUB_MAIL_HOST and HUB_MAIL_PORT.",
        ) from None
    try:
        ready(server.sockets[0].getsockname()[1])
        await stopping.wait()
    finally:
        server.close()
        if coming:
            await asyncio.wait(coming, timeout=GRACE_S)
