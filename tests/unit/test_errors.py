"""Errors: one family sorted by what to do, told in sentences that stand in the code."""

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import hub
from hub import errors
from hub.errors import Conflict, Fault, HubError, Malformed, Retry

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "hub").rglob("*.py"))

# Those of the family that live beside the one thing they are about.
ELSEWHERE = {"hub.db.CommitUnknown", "hub.http.Away", "hub.http.Barred", "hub.http.Unwelcome"}
ELSEWHERE |= {"hub.notices.issue.Unknown"}  # told from another no at the door of partners alone
ELSEWHERE |= {"hub.connector.sink.Rejected", "hub.connector.reach.SourceAway", "hub.connector.reach.SourceBarred"}
ELSEWHERE |= {"hub.transports.soap.FaultAway", "hub.transports.soap.FaultBarred", "hub.formats.agreed.Drifted"}
# Each is answered otherwise at its own door than the kind that it is of: a full inbox, a body too large, a key used again, mail
# that is not believed, an instance that is not there, one person for two, too many questions.
ELSEWHERE |= {f"hub.receive.inbox.{name}" for name in ("content.Full", "content.TooLarge", "store.AnotherBody")}
ELSEWHERE |= {"hub.inquiry.pace.TooMany", "hub.receive.mail.cms.Unsafe", "hub.setups.rules.Absent", "hub.setups.rules.FourEyes"}
# What breaks a contract between two pieces of code, or speaks to a library in its own terms at its own door.
FOREIGN = {"ValueError", "TypeError", "AttributeError", "KeyError", "AssertionError", "PydanticCustomError"}
AT_ITS_DOOR = {
    "HTTPException": ("hub/receive/", "hub/console/"),
    "Turned": ("hub/console/",),  # an HTTPException with words of its own, which the console's handler shows
    "sa.InvalidatePoolError": ("hub/db.py",),
    # The machine's own no, where it says it by a number alone (what was written in part), or would say it to a library.
    "OSError": ("hub/audit/highwater.py", "hub/rights/erasure/tombs.py", "hub/transports/wsdl.py"),
    "typer.Exit": ("hub/cli.py", "hub/commands/"),  # how a command tells its exit status
}


def _modules():
    return [importlib.import_module(found.name) for found in pkgutil.walk_packages(hub.__path__, "hub.")]


def _exceptions_defined():
    for module in _modules():
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and issubclass(kind, BaseException) and kind.__module__ == module.__name__:
                yield module.__name__, name, kind


def test_every_public_exception_is_of_the_family_and_lives_with_it():
    strays = {
        f"{module}.{name}"
        for module, name, kind in _exceptions_defined()
        if module != "hub.errors" and issubclass(kind, HubError)
    }
    assert strays == ELSEWHERE


def test_an_exception_outside_the_family_is_caught_where_it_is_known():
    for module, name, kind in _exceptions_defined():
        if not issubclass(kind, HubError) and name not in AT_ITS_DOOR:
            own = ROOT / (module.replace(".", "/") + ".py")
            near = [own] if name.startswith("_") else own.parent.glob("*.py")
            text = "\n".join(path.read_text(encoding="utf-8") for path in near)
            assert re.search(rf"except [^:\n]*\b{name}\b", text), f"{module}.{name} is caught by nobody near it"


NEAR: dict[str, set[str]] = {}
for _module, _name, _kind in _exceptions_defined():
    if not issubclass(_kind, HubError):
        NEAR.setdefault(_module.rpartition(".")[0].replace(".", "/"), set()).add(_name)


def raised_in(tree: ast.Module) -> list[tuple[str, int]]:
    """The exception classes that a module raises by name, with their lines."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call | ast.Name | ast.Attribute):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(raised)
            if name.split(".")[-1][:1].isupper() or hasattr(builtins, name):
                found.append((name, node.lineno))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_raised_is_of_the_family_or_a_broken_contract(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = path.relative_to(ROOT).as_posix()
    family = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, HubError)}
    family |= {name.rsplit(".", 1)[1] for name in ELSEWHERE}
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name.startswith("_")}
    known = NEAR.get(where.rpartition("/")[0], set())  # what a neighbour catches, as the test above sees to
    for name, line in raised_in(tree):
        at_its_door = where.startswith(AT_ITS_DOOR.get(name, ("nowhere",)))
        assert name.split(".")[-1] in family | FOREIGN | own | known or at_its_door, f"{where}:{line} raises {name}"


def quoted_in(tree: ast.Module) -> list[int]:
    """Lines that build an error of the family from another exception's text, a revealed value or a repr."""
    lines = []
    family = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, HubError)}
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in family:
            for part in ast.walk(node):
                shown = part.value if isinstance(part, ast.FormattedValue) else None
                reprd = isinstance(part, ast.FormattedValue) and part.conversion == ord("r")
                quoted = isinstance(shown, ast.Name) and shown.id in caught
                text_of = isinstance(part, ast.Call) and ast.unparse(part.func) in ("str", "repr")
                text_of_caught = text_of and part.args and isinstance(part.args[0], ast.Name) and part.args[0].id in caught
                revealed = isinstance(part, ast.Attribute) and part.attr == "reveal"
                if quoted or text_of_caught or revealed or (reprd and not isinstance(shown, ast.Attribute | ast.Name)):
                    lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_error_does_not_quote(path):
    assert quoted_in(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "try: f()\nexcept ValueError as wrong: raise Malformed(f'No: {wrong}')",
        "try: f()\nexcept ValueError as wrong: raise errors.Malformed('No.', str(wrong))",
        "raise Refused('No.', f'{bsn.reveal()}')",
        "raise Refused('No.', f'{row[0]!r}')",
    ],
)
def test_the_guard_on_quoting_notices(snippet):
    assert quoted_in(ast.parse(snippet))


def test_the_guard_on_raising_notices():
    assert raised_in(ast.parse("raise RuntimeError('x')\nraise OSError\nraise lib.SomeError()")) == [
        ("RuntimeError", 1),
        ("OSError", 2),
        ("lib.SomeError", 3),
    ]


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)
    defined = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, HubError)]
    assert ["HubError", *drawn] == defined
    for parent, child in re.findall(r"── (\w+) .*\n    │   └── (\w+)", errors.__doc__):
        assert getattr(errors, child).__base__ is getattr(errors, parent)


def test_an_error_is_read_as_one_text_of_sentences():
    error = HubError("It broke.", now="Mend it.")
    assert str(error) == "It broke. Mend it."
    assert (error.what, error.why, error.now) == ("It broke.", "", "Mend it.")


def test_what_may_be_repeated_says_when():
    assert Retry("Away.").after_s == 5
    assert Retry("Away.", after_s=60).after_s == 60
    assert Conflict("Someone was first.").after_s == 0


def test_malformed_names_every_fault_by_place_and_code():
    fault = Fault("geboortedatum", "DATUM_ONGELDIG")
    assert Malformed("No.", faults=(fault,)).faults == (fault,)
    assert Malformed("No.").faults == ()
