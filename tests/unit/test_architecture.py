"""House rules that no linter knows: who may make which stage, who may reveal a value, how a module looks.

Each rule is a function from a module to what is wrong in it. It is run on the hub, and once on a snippet that breaks it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    path: str
    text: str

    @property
    @cache  # noqa: B019 - a few dozen modules, for one run
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


@cache
def modules() -> tuple[Module, ...]:
    paths = sorted((ROOT / "hub").rglob("*.py"))
    return tuple(Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


Rule = Callable[[Module], Iterator[str]]

# -- who may make what

MAKERS = {
    "hub.domain.stages": {
        "Row": (
            "hub/connectors/*",
            "hub/inquiry/service.py",
            "hub/receive/*",
            "hub/formats/*",
            "hub/mend/rows.py",
            "hub/connectors/uwv_suwinet/client.py",
        ),
        "Received": ("hub/inquiry/service.py", "hub/receive/*", "hub/mend/replay.py"),
        "Canonical": ("hub/normalise/*",),
        "Rejected": ("hub/normalise/*", "hub/route.py"),
        "Grant": ("hub/consent/compile.py",),
        "Permitted": ("hub/consent/decide.py",),
        "Refused": ("hub/consent/decide.py",),
        "Protected": ("hub/protect/*",),
        "ProtectedRecord": ("hub/protect/*",),
        "Recorded": ("hub/audit/record.py",),
        "Delivered": ("hub/deliver/*",),
        "Acknowledged": ("hub/acknowledge.py",),
    },
    "hub.domain.records.uitvalmelding": {"Uitvalmelding": ()},  # it is read by validation, never put together
    "hub.domain.personal": {"Pseudonym": ("hub/protect/pseudonymise.py",)},
}


def _imported(module: Module) -> dict[str, str]:
    """Local name to full dotted name, for every import wherever it stands."""
    names: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
    return names


def _full_name(node: ast.expr, imported: dict[str, str]) -> str:
    written = ast.unparse(node)
    head, dot, rest = written.partition(".")
    return imported.get(head, head) + dot + rest


_GUARDED = ("hub.domain.stages", "hub.domain.records", "hub.domain.personal")


def made_elsewhere(module: Module) -> Iterator[str]:
    """A stage is made where its step is; a class method of it, `replace` or an alias is a way of making it too.

    Where no stage, record or personal value is known at all, a row of rules may be made out of another.
    """
    imported = _imported(module)
    near = any(name in module.text for name in _GUARDED)
    allowed = {f"{home}.{name}": makers for home, names in MAKERS.items() for name, makers in names.items()}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = _full_name(node.func, imported)
        copies = called in ("dataclasses.replace", "copy.replace") or called.endswith(".model_copy")
        if (copies and near) or called.endswith((".model_construct", "object.__new__")):
            yield f"{module.path}:{node.lineno} makes one thing out of another: {called}"
        if called in allowed and not any(fnmatch(module.path, maker) for maker in allowed[called]):
            yield f"{module.path}:{node.lineno} makes a {called}"


REVEALERS = (
    "hub/connectors/uwv_suwinet/client.py",  # the number that is asked about
    "hub/connectors/*",
    "hub/formats/*",
    "hub/consent/decide.py",
    "hub/consent/facts.py",
    "hub/console/admin_row.py",
    "hub/deliver/*",
    "hub/domain/handing.py",
    "hub/domain/record.py",
    "hub/domain/records/*",
    "hub/gather.py",
    "hub/inquiry/service.py",
    "hub/mend/rows.py",
    "hub/normalise/*",
    "hub/protect/*",
    "hub/receive/messages.py",
    "hub/receive/statements.py",
)


def revealed_elsewhere(module: Module) -> Iterator[str]:
    """The value of a `Personal` is taken out in the steps that need it, under no other name and through no back door."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "reveal" and not any(fnmatch(module.path, r) for r in REVEALERS):
            yield f"{module.path}:{node.lineno} reveals a value"
        if isinstance(node, ast.Attribute) and node.attr == "_value" and module.path != "hub/domain/personal.py":
            self_made = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not self_made:
                yield f"{module.path}:{node.lineno} reaches into a value"
        if isinstance(node, ast.Constant) and node.value in ("reveal", "_value") and module.path != "hub/domain/personal.py":
            yield f"{module.path}:{node.lineno} names what takes a value out"


# -- what may stand where

SQL_HOMES = (
    "hub/*/store.py",
    "hub/audit/record.py",
    "hub/audit/log.py",
    "hub/protect/vault.py",
    "hub/db.py",
    "hub/postgres.py",
)
_SQL = re.compile(
    r"^\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|WITH\s.+\sAS\s*\(|COPY\s|LOCK\s+TABLE)\b", re.S
)


def sql_elsewhere(module: Module) -> Iterator[str]:
    """SQL stands in stores."""
    if any(fnmatch(module.path, home) for home in SQL_HOMES):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
            yield f"{module.path}:{node.lineno} holds SQL"


def environment_elsewhere(module: Module) -> Iterator[str]:
    """The environment is read at the root."""
    if module.path in ("hub/settings.py", "hub/cli.py", "hub/postgres.py"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in ("os.environ", "os.getenv", "environ", "getenv"):
            yield f"{module.path}:{node.lineno} reads the environment"


def outside_imported(module: Module) -> Iterator[str]:
    """The hub knows nothing of its tests, its operations and its benchmarks, not even by name at run time."""
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            names = [ast.unparse(argument).strip("'\"") for argument in node.args[:1]]
        for name in names:
            if name.split(".")[0] in ("tests", "ops", "bench"):
                yield f"{module.path}:{node.lineno} imports {name}"


# -- how a module looks


def too_long(module: Module) -> Iterator[str]:
    """No module has more than 500 lines."""
    if (count := module.text.count("\n")) > 500:
        yield f"{module.path} has {count} lines"


def unfinished(module: Module) -> Iterator[str]:
    """Nothing is left for another day."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", line):
            yield f"{module.path}:{number} is unfinished"


def undocumented(module: Module) -> Iterator[str]:
    """Every module that holds anything, and every public class and function, says what it is for.

    A method needs words only where its class does not give them: properties and protocol methods may speak for themselves.
    """
    if module.tree.body and not ast.get_docstring(module.tree):
        yield f"{module.path} has no docstring"
    for node in module.tree.body:
        named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if named and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module.path}:{node.lineno} {node.name} has no docstring"


def unreasoned(module: Module) -> Iterator[str]:
    """A check is silenced by its code, never wholesale."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(
            r"#\s*noqa(?!: [A-Z])|#\s*type:\s*ignore(?!\[)|#\s*(ruff|mypy|flake8):\s*(noqa|ignore-errors|disable)", line
        ):
            yield f"{module.path}:{number} silences every check"


BROKEN: list[tuple[Rule, str, str]] = [
    (made_elsewhere, "hub/route.py", "from hub.domain.stages import Recorded\nRecorded()"),
    (made_elsewhere, "hub/route.py", "from hub.domain.stages import Recorded as R\ndef f(): return R()"),
    (made_elsewhere, "hub/route.py", "from hub.domain import stages\nstages.Permitted()"),
    (made_elsewhere, "hub/route.py", "import hub.domain.stages\nhub.domain.stages.Protected()"),
    (made_elsewhere, "hub/route.py", "import hub.domain.stages as s\ns.Delivered()"),
    (
        made_elsewhere,
        "hub/route.py",
        "import dataclasses\nimport hub.domain.stages\ndataclasses.replace(permitted, grant=other)",
    ),
    (
        made_elsewhere,
        "hub/route.py",
        "from dataclasses import replace\nfrom hub.domain.stages import Grant\nreplace(permitted, grant=other)",
    ),
    (made_elsewhere, "hub/normalise/x.py", "Uitvalmelding.model_construct(bsn='1')"),
    (
        made_elsewhere,
        "hub/normalise/x.py",
        "from hub.domain.records.uitvalmelding import Uitvalmelding\nUitvalmelding(bsn='1')",
    ),
    (made_elsewhere, "hub/receive/x.py", "from hub.domain.personal import Pseudonym\nPseudonym('a')"),
    (revealed_elsewhere, "hub/audit/record.py", "record.bsn.reveal()"),
    (revealed_elsewhere, "hub/audit/record.py", "take = record.bsn.reveal"),
    (revealed_elsewhere, "hub/audit/record.py", "getattr(record.bsn, 'reveal')()"),
    (revealed_elsewhere, "hub/protect/seal.py", "record.bsn._value"),
    (sql_elsewhere, "hub/route.py", "statement = 'SELECT bsn FROM person'"),
    (sql_elsewhere, "hub/route.py", "statement = f'INSERT INTO {table} VALUES (1)'"),
    (environment_elsewhere, "hub/route.py", "import os\nos.environ['X']"),
    (outside_imported, "hub/route.py", "import tests.fakes"),
    (outside_imported, "hub/route.py", "from ops import demo"),
    (outside_imported, "hub/route.py", "import importlib\nimportlib.import_module('bench.route')"),
    (too_long, "hub/route.py", "\n" * 501),
    (unfinished, "hub/route.py", "# TO" + "DO: the rest"),
    (unfinished, "hub/route.py", "raise NotImplemented" + "Error"),
    (undocumented, "hub/route.py", "x = 1"),
    (undocumented, "hub/route.py", '"""A module."""\nasync def admit(): ...'),
    (undocumented, "hub/route.py", '"""A module."""\nclass Route: ...'),
    (unreasoned, "hub/route.py", "x = 1  # no" + "qa"),
    (unreasoned, "hub/route.py", "x = 1  # type: " + "ignore"),
]
RULES = list(dict.fromkeys(rule for rule, _, _ in BROKEN))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule):
    assert [wrong for module in modules() for wrong in rule(module)] == []


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_the_rule_notices(rule, path, text):
    assert list(rule(Module(path, text)))


def test_every_stage_has_its_maker():
    stages = ast.parse((ROOT / "hub/domain/stages.py").read_text(encoding="utf-8"))
    guarded = set(MAKERS["hub.domain.stages"])
    about_rows = {"DropPlace", "Candidate", "Standing", "Held"}  # what the steps know and ask, made by whoever knows it
    assert {node.name for node in stages.body if isinstance(node, ast.ClassDef)} - guarded == about_rows


def test_the_file_of_each_exception_to_a_rule_exists():
    named = [maker for names in MAKERS.values() for makers in names.values() for maker in makers]
    paths = [module.path for module in modules()]
    for pattern in (*named, *REVEALERS):
        assert any(fnmatch(path, pattern) for path in paths), f"nothing is called {pattern}"
