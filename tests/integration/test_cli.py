"""The command line as an administrator or officer meets it: real processes on real databases, clear words, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from hub.app import make_keys
from hub.postgres import Urls
from hub.settings import Settings
from tests import canary
from tests.fakes.partner import ec_key, jwks
from tests.fakes.shell import command

ROOT = Path(__file__).resolve().parents[2]
Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    make_keys(Settings(state=made))
    return made


@pytest.fixture
def hub(database_urls: Urls, state: Path) -> Hub:
    """`hub` on fresh databases."""
    settings = {
        "HUB_ENVIRONMENT": "test",
        "HUB_STATE": str(state),
        "HUB_DATABASE_URL": database_urls.database,
        "HUB_VAULT_URL": database_urls.vault,
    }
    return lambda *arguments, stdin="", **other: command(*arguments, environment={**settings, **other}, stdin=stdin)


def fails(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    """It ended with this status and said these words, without a traceback, to standard error alone."""
    assert (done.returncode, done.stdout) == (status, ""), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# -- keys and settings


def test_it_starts_without_a_warning() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", "import hub.cli"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_keys_are_made_once_and_never_over_others(tmp_path: Path) -> None:
    environment = {"HUB_STATE": str(tmp_path / "state")}
    first = command("keys", "init", environment=environment)
    made = sorted((tmp_path / "state").iterdir())
    contents = [path.read_bytes() for path in made]
    assert first.stdout.count("made ") == len(made) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)
    again = command("keys", "init", environment=environment)
    assert (again.returncode, again.stdout) == (0, "all keys are there already\n")
    assert [path.read_bytes() for path in made] == contents
    made[0].unlink()
    assert command("keys", "init", environment=environment).stdout == f"made {made[0]}\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "geheim-999990019"),
        ("HUB_PORT", "70000"),
        ("HUB_ENVIRONMENT", "live"),
        ("HUB_POLL_S", "0"),
        ("HUB_LOG_ID", "Geen Log"),
        ("HUB_OPERATOR", "Geen Partij"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(name: str, value: str) -> None:
    done = command("policy", "check", environment={name: value})
    fails(done, 5, name, "Correct")
    assert value not in done.stderr


def test_half_a_set_of_databases_is_refused(state: Path) -> None:
    environment = {"HUB_STATE": str(state), "HUB_DATABASE_URL": "postgresql://x:geheim@127.0.0.1/x"}
    done = command("admin", "status", environment=environment)
    fails(done, 5, "HUB_VAULT_URL")
    assert "geheim" not in done.stderr


@pytest.mark.parametrize("url", ["geheim", "mysql://x:geheim@127.0.0.1/x", "postgresql://x:geheim@127.0.0.1:1/x"])
def test_a_database_that_is_none_or_not_there_is_said_without_its_password(hub: Hub, url: str) -> None:
    done = hub("admin", "status", HUB_DATABASE_URL=url)
    fails(done, 4 if ":1/" in url else 5)
    assert "geheim" not in done.stderr
    assert done.stderr.strip()


def test_without_keys_it_says_how_to_make_them(hub: Hub, tmp_path: Path) -> None:
    fails(hub("admin", "status", HUB_STATE=str(tmp_path / "empty")), 5, "hub keys init")


def test_a_key_ring_that_others_can_read_is_refused(hub: Hub, state: Path) -> None:
    (state / "keyring.json").chmod(0o644)
    fails(hub("admin", "status"), 5, "chmod 600")


def test_another_key_for_the_same_log_is_refused(hub: Hub, state: Path) -> None:
    assert (
        hub(
            "rights", "statement", "record", "--kind", "bezwaar", "--party", "duo", "--from", "2026-11-01", stdin=canary.BSN
        ).returncode
        == 0
    )
    (state / "log.key").unlink()
    make_keys(Settings(state=state))
    fails(hub("admin", "status"), 1, "HUB_LOG_KEY")


# -- production


def test_production_runs_with_neither_the_key_ring_nor_the_private_database(hub: Hub, state: Path) -> None:
    fails(hub("admin", "status", HUB_ENVIRONMENT="production"), 5, "key ring", "HUB_ENVIRONMENT")
    fails(hub("serve", HUB_ENVIRONMENT="production"), 5, "key ring")
    alone = {"HUB_ENVIRONMENT": "production", "HUB_STATE": str(state)}
    fails(command("admin", "migrate", environment=alone), 5, "private PostgreSQL", "HUB_DATABASE_URL")
    assert not (state / "postgres").exists()


def test_beyond_this_machine_it_speaks_tls_or_not_at_all(hub: Hub) -> None:
    fails(hub("serve", HUB_HOST="0.0.0.0"), 5, "HUB_TLS_CERTIFICATE")


def test_without_its_certificate_it_does_not_say_that_it_has_started(hub: Hub) -> None:
    done = hub("serve", HUB_PORT="0", HUB_TLS_CERTIFICATE="/nowhere.pem", HUB_TLS_KEY="/nowhere.key")
    fails(done, 5, "HUB_TLS_KEY")
    assert "hub_started" not in done.stderr + done.stdout


# -- policy and figures


def test_policy_check_prints_the_hash_and_says_where_it_is_wrong(tmp_path: Path) -> None:
    good = command("policy", "check", environment={})
    assert (good.returncode, len(good.stdout.strip())) == (0, 64)
    policy = tmp_path / "policy"
    for path in (ROOT / "schemas/policy").rglob("*.yaml"):
        target = policy / path.relative_to(ROOT / "schemas/policy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text().replace("effect: permit", "effect: allow"))
    fails(command("policy", "check", environment={"HUB_POLICY": str(policy)}), 5, "agreements/", "effect")
    fails(command("policy", "check", environment={"HUB_POLICY": str(tmp_path / "nowhere")}), 5, "HUB_POLICY")


def test_figures_add_up_for_people_and_as_json(hub: Hub) -> None:
    figures = json.loads(hub("admin", "status", "--json").stdout)
    assert figures["rows"]["received"] == sum(figures["rows"][name] for name in ("accepted", "quarantined", "duplicate")) == 0
    assert figures["log_size"] == 0
    table = hub("admin", "status")
    assert table.returncode == 0
    assert "rows                 0 = 0 accepted + 0 quarantined + 0 duplicate" in table.stdout


# -- partners


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_bytes(orjson.dumps(jwks(ec_key("duo"))))
    return path


def test_a_partner_is_let_in_listed_and_closed_and_the_log_says_so(hub: Hub, keys: Path) -> None:
    add = ("admin", "partner", "add", "duo", "duo-systeem", "--jwks", str(keys), "--scope", "uitvalmeldingen:aanleveren")
    assert hub(*add).stdout == "duo-systeem may now sign in for duo\n"
    (listed,) = json.loads(hub("admin", "partner", "list", "--json").stdout)
    assert (listed["client_id"], listed["party"], listed["active"]) == ("duo-systeem", "duo", True)
    assert hub("admin", "partner", "close", "duo-systeem").returncode == 0
    assert "closed" in hub("admin", "partner", "list").stdout
    assert json.loads(hub("admin", "status", "--json").stdout)["log_size"] == 2


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"{", 5),
        (b"[]", 1),
        (orjson.dumps({"keys": []}), 1),
        (orjson.dumps({"keys": [ec_key("duo").as_dict(private=True)]}), 1),
        (orjson.dumps({"keys": [{"kty": "oct", "k": "geheim", "kid": "a"}]}), 1),
    ],
)
def test_a_bad_key_set_is_refused_and_nothing_of_it_shown(hub: Hub, keys: Path, document: bytes, status: int) -> None:
    keys.write_bytes(document)
    done = hub("admin", "partner", "add", "duo", "duo-systeem", "--jwks", str(keys), "--scope", "uitvalmeldingen:aanleveren")
    fails(done, status)
    assert status == 5 or "  keys" in done.stderr  # each fault by its place and code
    private: Any = ec_key("duo").as_dict(private=True)
    assert private["d"] not in done.stderr
    assert "geheim" not in done.stderr
    assert hub("admin", "partner", "list").stdout == "none\n"


def test_an_unknown_party_scope_or_partner_is_refused(hub: Hub, keys: Path) -> None:
    fails(
        hub(
            "admin",
            "partner",
            "add",
            "Geen Partij",
            "duo-systeem",
            "--jwks",
            str(keys),
            "--scope",
            "uitvalmeldingen:aanleveren",
        ),
        5,
    )
    fails(
        hub("admin", "partner", "add", "duo", "duo-systeem", "--jwks", str(keys), "--scope", "alles"),
        1,
        "uitvalmeldingen:aanleveren",
    )
    strange = (
        "admin",
        "partner",
        "add",
        "niemand",
        "een-systeem",
        "--jwks",
        str(keys),
        "--scope",
        "uitvalmeldingen:aanleveren",
    )
    fails(hub(*strange), 5, "no party of this hub")
    fails(hub("admin", "partner", "close", "nobody"), 5, "active")
    assert json.loads(hub("admin", "status", "--json").stdout)["log_size"] == 0  # what did not happen is not in the log


# -- connectors


def test_connectors_are_listed_with_their_instances(tmp_path: Path) -> None:
    known = command("connector", "list", environment={})
    assert known.returncode == 0
    assert {line.split()[0] for line in known.stdout.splitlines()} >= {"bezorging", "duo_uitval"}
    file = tmp_path / "connectors.yaml"
    file.write_text(
        "instances:\n  - {id: duo-uitval, connector: duo_uitval, party: duo, host: sftp.example.nl, username: hub, "
        "known_hosts: /x, private_key: /y}\n"
    )
    listed = command("connector", "list", environment={"HUB_CONNECTORS": str(file)})
    assert "sftp://sftp.example.nl:22" in listed.stdout
    file.write_text("instances: []\n")
    wrong = command("connector", "list", environment={"HUB_CONNECTORS": str(file)})
    assert wrong.returncode == 5
    assert str(file) in wrong.stderr


def test_a_worker_without_connectors_says_what_to_set(hub: Hub) -> None:
    fails(hub("worker", "--once"), 5, "HUB_CONNECTORS")


def test_runs_of_a_new_hub_are_none(hub: Hub) -> None:
    assert hub("connector", "runs", "--json").stdout == "[]\n"
    assert hub("connector", "runs").stdout == "none\n"


# -- the log


def test_an_export_needs_a_place_of_its_own_and_verifies_without_the_hub(hub: Hub, tmp_path: Path) -> None:
    assert hub("audit", "export", str(tmp_path / "export")).stdout == f"1 entries in {tmp_path / 'export'}\n"
    fails(hub("audit", "export", str(tmp_path / "export")), 5, "not empty")
    fails(hub("audit", "export", "/dev/null/export"), 5, "cannot be made")
    trust = tmp_path / "trust"
    fails(hub("audit", "trust", str(tmp_path / "nowhere" / "trust")), 5, "not written")
    assert hub("audit", "trust", str(trust), "--checkpoint").returncode == 0
    assert hub("audit", "export", str(tmp_path / "later")).returncode == 0
    verify = [sys.executable, "-I", str(ROOT / "ops/verify/verify.py"), str(tmp_path / "later"), "--trust", str(trust)]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_trust_of_an_empty_log_with_a_checkpoint_is_refused(hub: Hub, tmp_path: Path) -> None:
    fails(hub("audit", "trust", str(tmp_path / "trust"), "--checkpoint"), 3, "empty")
    assert not (tmp_path / "trust").exists()


# -- statements

_STATEMENT = ("rights", "statement", "record")


def test_a_statement_is_recorded_and_the_number_is_nowhere(hub: Hub, tmp_path: Path) -> None:
    given = (
        "rights",
        "statement",
        "record",
        "--kind",
        "bezwaar",
        "--party",
        "duo",
        "--from",
        "2026-11-01",
        "--until",
        "2027-01-01",
    )
    done = hub(*given, stdin=f"{canary.BSN}\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "recorded; the log now has 1 entries")
    assert hub("audit", "export", str(tmp_path / "export")).returncode == 0
    files = [path.read_bytes() for path in (tmp_path / "export").rglob("*") if path.is_file()]
    assert not canary.found_in(done.stdout, done.stderr, *files)


@pytest.mark.parametrize("number", ["123456789", "999990019x", "Kanariepiet-Zangzaad", ""])
def test_a_wrong_number_is_refused_and_never_repeated(hub: Hub, number: str) -> None:
    given = ("rights", "statement", "record", "--kind", "bezwaar", "--party", "duo", "--from", "2026-11-01")
    done = hub(*given, stdin=number)
    fails(done, 1, "elfproef")
    assert not number or number not in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--from", "gisteren"), ("--party", "Geen Partij"), ("--party", "niemand"), ("--until", "2026-02-30")],
)
def test_a_wrong_date_or_party_is_refused(hub: Hub, option: str, value: str) -> None:
    given = {"--kind": "bezwaar", "--party": "duo", "--from": "2026-11-01", option: value}
    done = hub("rights", "statement", "record", *(word for pair in given.items() for word in pair), stdin=canary.BSN)
    fails(done, 5)
    assert value == "niemand" or value not in done.stderr


@pytest.mark.parametrize("until", ["2025-11-01", "2026-11-01"])
def test_a_statement_that_would_hold_on_no_day_is_refused(hub: Hub, until: str) -> None:
    given = ("rights", "statement", "record", "--kind", "bezwaar", "--party", "duo", "--from", "2026-11-01", "--until", until)
    fails(hub(*given, stdin=canary.BSN), 1, "no day")
    assert json.loads(hub("admin", "status", "--json").stdout)["log_size"] == 0


def test_a_yes_is_recorded_shown_proved_and_taken_back(hub: Hub, tmp_path: Path) -> None:
    words = ("--channel", "papier", "--party", "mbo-zilverlinde")
    asked = (*_STATEMENT, "--kind", "contactvoorkeur", "--until", "2099-01-01", *words)
    fails(hub(*asked, stdin=canary.BSN), 1, "also an objection")
    done = hub(*asked, "--no-objection", "--json", stdin=canary.BSN)
    (statement,) = json.loads(done.stdout)["statements"]
    (shown,) = json.loads(hub("rights", "statement", "history", "--json", stdin=canary.BSN).stdout)
    assert (shown["id"], shown["state"], shown["events"][0]["what"]) == (statement, "given", "given")
    assert statement in hub("rights", "statement", "history", stdin=canary.BSN).stdout
    signed = hub("rights", "statement", "receipt", statement).stdout.strip()
    (key,) = json.loads(hub("rights", "receipt-key").stdout)["keys"]
    fields = json.loads(hub("rights", "statement", "receipt", statement, "--json").stdout)
    assert orjson.loads(jws.deserialize_compact(signed, OKPKey.import_key(key), algorithms=["Ed25519"]).payload) == fields
    gone = hub("rights", "statement", "withdraw", "--id", statement, *words)
    assert gone.stdout.startswith("withdrawn")
    assert hub("rights", "statement", "withdraw", "--id", statement, *words).stdout.startswith("nothing changed")
    assert hub("rights", "statement", "due").stdout == "none\n"
    assert hub("rights", "statement", "due", "--end").stdout == "0 ended\n"


def test_an_objection_is_decided_by_its_controller(hub: Hub) -> None:
    done = hub(
        *_STATEMENT, "--kind", "bezwaar", "--party", "mbo-zilverlinde", "--to", "mbo-zilverlinde", "--json", stdin=canary.BSN
    )
    (statement,) = json.loads(done.stdout)["statements"]
    decide = ("rights", "statement", "objection", statement, "--controller")
    fails(hub(*decide, "minister-ocw", "--rejected"), 1, "controller")
    assert hub(*decide, "mbo-zilverlinde", "--rejected").stdout.startswith("rejected")
    fails(hub(*decide, "mbo-zilverlinde", "--upheld"), 3)
    cause = ("rights", "statement", "invalidate", statement, "--party", "duo", "--cause", "verhuisd")
    fails(hub(*cause), 3, "does not hold")


def test_an_unknown_command_says_what_there_is(hub: Hub) -> None:
    done = hub("alles")
    assert done.returncode == 2
    assert "alles" in done.stderr


# -- who was told


def test_what_was_told_is_recorded_by_delivery_and_day(hub: Hub, tmp_path: Path) -> None:
    delivery = "01890000-0000-7000-8000-000000000001"
    assert hub("rights", "informed", "list").stdout == "none\n"
    assert json.loads(hub("rights", "informed", "list", "--json").stdout) == []
    unknown = hub("rights", "informed", "record", "--delivery", delivery, "--on", "2026-01-02", "--json")
    assert json.loads(unknown.stdout) == {"recorded": [], "unknown": [delivery]}
    fails(hub("rights", "informed", "record", "--delivery", delivery, "--on", "2999-01-02"), 1, "is not recorded")
    text = str(tmp_path / "nergens.txt")
    fails(
        hub("rights", "informed", "record", "--delivery", delivery, "--on", "2026-01-02", "--text", text), 5, "Check the path"
    )
