"""The connectors' file: what fetches, what is pushed to, and that a wrong one is refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Misconfigured
from hub.settings import read_instances, read_recipients

INSTANCE = """
  - {id: duo-uitval, connector: duo_uitval, party: duo, host: sftp.voorbeeld.nl, username: hub, known_hosts: /kh}
"""
RECIPIENT = """
  - id: zaaksysteem
    connector: bezorging
    party: gemeente-voorbeeld
    url: https://zaken.voorbeeld.nl/hub
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "connectors.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_both_ways_stand_in_one_file(tmp_path: Path) -> None:
    path = written(tmp_path, f"instances: {INSTANCE}\nrecipients: {RECIPIENT}")
    assert [each.id for each in read_instances(path)] == ["duo-uitval"]
    (recipient,) = read_recipients(path)
    assert (recipient.party, recipient.timeout_s, recipient.batch, recipient.concurrency) == ("gemeente-voorbeeld", 10.0, 50, 2)
    assert (recipient.token_file, recipient.ca, recipient.certificate, recipient.key) == (None, None, None, None)


def test_either_may_stand_alone(tmp_path: Path) -> None:
    assert read_recipients(written(tmp_path, f"instances: {INSTANCE}")) == ()
    path = written(tmp_path, f"recipients: {RECIPIENT}")
    assert read_instances(path) == ()
    assert len(read_recipients(path)) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:80/", "https://[2001:db8::1]/"])
def test_plain_http_stays_on_this_machine(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, f"recipients: {RECIPIENT.replace('https://zaken.voorbeeld.nl/hub', url)}")
    assert read_recipients(path)[0].url == url


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("https://zaken.voorbeeld.nl/hub", "http://zaken.voorbeeld.nl/geheim", "plain http"),
        ("https://zaken.voorbeeld.nl/hub", "https://naam:geheim@voorbeeld.nl/", "user name"),
        ("https://zaken.voorbeeld.nl/hub", "https://voorbeeld.nl/?token=geheim", "query"),
        ("https://zaken.voorbeeld.nl/hub", "ftp://voorbeeld.nl/geheim", "https://"),
        ("https://zaken.voorbeeld.nl/hub", "https:///geheim", "https://"),
        ("https://zaken.voorbeeld.nl/hub", "https://voorbeeld.nl:geheim/", "https://"),
        ("https://zaken.voorbeeld.nl/hub", "voorbeeld.nl/geheim", "https://"),
        ("connector: bezorging", "connector: bezorging\n    batch: 0", "batch"),
        ("connector: bezorging", "connector: bezorging\n    batch: 251", "batch"),
        ("connector: bezorging", "connector: bezorging\n    concurrency: 17", "concurrency"),
        ("connector: bezorging", "connector: bezorging\n    timeout_s: 0", "timeout_s"),
        ("connector: bezorging", "connector: bezorging\n    certificate: a.pem", "needs its key"),
        ("connector: bezorging", "connector: bezorging\n    tokn_file: geheim", "tokn_file"),
        ("    party: gemeente-voorbeeld\n", "", "party"),
        ("id: zaaksysteem", "id: Zaak Systeem", "id"),
    ],
)
def test_a_recipient_that_is_not_understood_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in RECIPIENT
    with pytest.raises(Misconfigured) as wrong:
        read_recipients(written(tmp_path, f"recipients: {RECIPIENT.replace(old, new)}"))
    assert why in wrong.value.why
    assert "geheim" not in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "no instances and no recipients"),
        ("instances: []", "no instances and no recipients"),
        (f"recipients: {RECIPIENT}{RECIPIENT.replace('zaaksysteem', 'tweede')}", "party stands in it twice"),
        (f"recipients: {RECIPIENT}{RECIPIENT.replace('gemeente-voorbeeld', 'gemeente-ander')}", "id stands in it twice"),
        ("recipients: [", "no YAML"),
        ("- a", ""),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        read_recipients(written(tmp_path, text))
    assert why in wrong.value.why
