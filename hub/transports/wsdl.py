"""A service as its WSDL describes it: plain values to a SOAP message and back. Nothing is ever fetched for it.

The library that knows WSDL and XSD is the codec and no more: messages travel by `hub.http`, and are parsed by the house.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lxml import etree
from zeep import Settings
from zeep.exceptions import Error as ZeepError
from zeep.helpers import serialize_object
from zeep.wsdl import Document

from hub.errors import Misconfigured

SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"

_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_SETTINGS: Final = Settings(
    strict=True,
    forbid_dtd=True,
    forbid_entities=True,
    forbid_external=True,
    xml_huge_tree=False,
    xsd_ignore_sequence_order=False,
)


class _FromFolder:
    """Reads what a WSDL imports from the folder that it stands in, or below; everything else is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def load(self, url: str) -> bytes:
        parts = urlsplit(str(url))
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme not in ("", "file") or not path.is_relative_to(self._folder):
            raise OSError("only files below the folder of the WSDL")
        return path.read_bytes()


class Port:
    """One port of one service. Raises errors.Misconfigured where the WSDL cannot be read or has no such port."""

    def __init__(self, wsdl: Path, service: str, port: str) -> None:
        try:
            reader: Any = _FromFolder(wsdl.parent)
            document: Any = Document(str(wsdl.resolve()), reader, settings=_SETTINGS)
            self._binding: Any = document.services[service].ports[port].binding
        except (ZeepError, OSError, etree.LxmlError, KeyError, ValueError, AttributeError, TypeError, RuntimeError):
            raise Misconfigured(
                f"The service in {wsdl.name} cannot be used.",
                "It or a schema that it imports cannot be read, or it has no such service and port.",
                "Compare the file with its source.",
            ) from None
        self._schemas = _schemas_of(wsdl)
        self.namespace: str = self._binding.nsmap["soap-env"]

    def action(self, operation: str) -> str:
        """What WS-Addressing and the header SOAPAction call an operation. Raises errors.Misconfigured where there is none."""
        found = self._operation(operation)
        return str(found.abstract.wsa_action or found.soapaction or "")

    def write(self, operation: str, body: Mapping[str, Any]) -> Any:
        """The envelope. Raises errors.Misconfigured where the body is not as the schema says; no value is told."""
        found = self._operation(operation)
        try:
            return found.create(**body).content
        except (ZeepError, ValueError, TypeError, AttributeError, KeyError):
            pass
        raise Misconfigured(
            f"A question to {operation} cannot be written.",
            "What goes into it is not as the schema of the service says.",
            "Compare the connector with the WSDL.",
        )

    def read(self, operation: str, envelope: Any) -> dict[str, Any]:
        """What an answer holds, as dicts, lists and text. Raises ValueError where it is not as the schema says."""
        found = self._operation(operation)
        try:
            self._hold(found, envelope)
            as_dict: Any = serialize_object
            value = plain(as_dict(found.process_reply(envelope), dict))
        except (ZeepError, ValueError, TypeError, AttributeError, KeyError, LookupError):
            value = None
        if value is None:
            raise ValueError("the answer is not as the schema says")
        return value if isinstance(value, dict) else {"value": value}

    def _hold(self, operation: Any, envelope: Any) -> None:
        """Raises ValueError where an answer is not what was promised; the codec alone lets much of that pass."""
        body = envelope.find(f"{{{self.namespace}}}Body")
        content = [] if body is None else [each for each in body if isinstance(each.tag, str)]
        if [str(each.tag) for each in content] not in _promised(operation):
            raise ValueError("another element than the one that was promised")
        if operation.style != "rpc" and not all(any(schema.validate(each) for schema in self._schemas) for each in content):
            raise ValueError("not as its schema says")

    def _operation(self, name: str) -> Any:
        try:
            return self._binding.get(name)
        except (ZeepError, KeyError, ValueError):
            raise Misconfigured(f"The service has no {name}.", "Its WSDL does not name it.", "Correct the connector.") from None


def _schemas_of(wsdl: Path) -> list[etree.XMLSchema]:
    """What the WSDL says about types, each a schema that stands by itself. Called once the codec has seen that all is near."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.parse(str(wsdl.resolve()), parser)
        return [etree.XMLSchema(each) for each in tree.iterfind(f"{{*}}types/{{{_XSD}}}schema")]
    except (OSError, etree.LxmlError):
        pass
    raise Misconfigured(
        f"The schemas in {wsdl.name} cannot be used.",
        "One of them does not stand by itself: it imports another without saying in which file it is.",
        "Put each in a file beside it, and import it from there.",
    )


def _promised(operation: Any) -> list[list[str]]:
    """What the body of an answer holds: the elements of the message, or in RPC style the one named after the operation."""
    output = operation.output
    if operation.style == "rpc":
        return [[str(output.body.qname)]]
    return [[str(part.element.qname) for part in operation.abstract.output_message.parts.values() if part.element is not None]]


@lru_cache(maxsize=32)
def port_of(wsdl: Path, service: str, port: str) -> Port:
    """The same port for everybody who asks: a WSDL is read once."""
    return Port(wsdl, service, port)


def plain(value: Any) -> Any:
    """Values of a schema as text, in dicts and lists; what is absent is left out."""
    match value:
        case Mapping():
            return {str(name): plain(each) for name, each in value.items() if each is not None}
        case list() | tuple():
            return [plain(each) for each in value if each is not None]
        case bool():
            return "true" if value else "false"
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case etree._Element():
            return etree.tostring(value, encoding="unicode")
        case None:
            return None
    return str(value)
