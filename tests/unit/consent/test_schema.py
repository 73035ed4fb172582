"""The schemas of policy files stand in the repository as the code would write them, and agree with the loader."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from hub.consent import policy as loader
from hub.consent.model import PolicySet
from hub.consent.schema import FILES, schema_names, schema_of, schema_text
from hub.domain.rulebook import parse

SET = Path(__file__).parents[3] / "schemas" / "policy"
SHIPPED = sorted(SET.rglob("*.yaml"))


def _name(file: Path) -> str:
    folder = file.relative_to(SET).parts[0]
    return "agreement" if folder == "agreements" else folder.removesuffix(".yaml")


@pytest.mark.parametrize("name", schema_names())
def test_stands_as_the_code_would_write_it(name: str):
    assert (SET / "schema" / f"{name}.json").read_text("utf-8") == schema_text(name), "run: hub policy schema"


@pytest.mark.parametrize("name", schema_names())
def test_is_a_schema(name: str):
    assert jsonschema_rs.meta.is_valid(schema_of(name))


def test_every_kind_of_file_that_the_loader_reads_has_one():
    assert set(FILES) == {*loader._KINDS, "parties", "regions"}
    for kind, model in loader._KINDS.items():
        assert set(FILES[kind]) == set(model.model_fields)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(SET)))
def test_what_loads_is_valid(file: Path, policy: PolicySet):
    data = parse(file.name, file.read_text("utf-8")).data
    for schema in (schema_of(_name(file)), schema_of(_name(file), policy)):
        validator = jsonschema_rs.validator_for(schema, validate_formats=True)
        assert [error.message for error in validator.iter_errors(data)] == []


MBO = SET / "agreements" / "mbo-doorstroompunt.v1.yaml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("    why_nl:", "    whynl:", id="unknown key"),
        pytest.param("bases: [web-9-2-3]", "bases: []", id="empty list"),
        pytest.param("effect: permit", "effect: allow", id="unknown effect"),
        pytest.param("from: 2026-01-01", "from: 2026-02-30", id="a date that is none"),
        pytest.param("from: {kind: school}", "from: {kind: scholen}", id="unknown kind of party"),
        pytest.param("purposes: [", "purposes: [Alles, ", id="a word with a capital"),
        pytest.param("form: pseudonym", "form: verkort", id="unknown form"),
    ],
)
def test_an_editor_sees_what_the_loader_refuses(old: str, new: str):
    text = MBO.read_text("utf-8")
    assert old in text
    validator = jsonschema_rs.validator_for(schema_of("agreement"), validate_formats=True)
    assert not validator.is_valid(_plain(text.replace(old, new, 1)))


class _AsText(yaml.SafeLoader):
    """A safe loader that leaves dates as they are written, as editors do."""


_AsText.yaml_implicit_resolvers = {
    key: [each for each in found if each[0] != "tag:yaml.org,2002:timestamp"]
    for key, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _plain(text: str) -> object:
    return yaml.load(text, _AsText)


def test_ids_of_a_set_are_offered_and_new_ones_allowed(policy: PolicySet):
    offered = json.dumps(schema_of("agreement", policy))
    assert all(f'"{purpose}"' in offered for purpose in policy.purposes)
    assert '"web-9-2-3"' not in json.dumps(schema_of("agreement"))
    new_word = {"purposes": [{"id": "iets-nieuws", "valid_from": "2026-01-01", "label_nl": "Iets nieuws"}]}
    new_word["purposes"][0] |= {"plain_nl": "Dit doel is er nog niet.", "processing_activity": "https://voorbeeld.invalid/1"}
    assert jsonschema_rs.validator_for(schema_of("purposes", policy)).is_valid(new_word)


def test_descriptions_come_from_the_types():
    permit = schema_of("agreement")["$defs"]["Permit"]
    assert "whatever it does not name stays behind" in permit["description"]
