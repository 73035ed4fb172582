"""Every mail of this folder is refused, for the reason that is told, whoever's keys the instance has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Malformed
from hub.receive.inbox import Brought
from hub.receive.mail.letter import Keys, keys_of, open_letter
from tests.fakes.smime import SPARE, School

HERE = Path(__file__).parent
MAILS = sorted(HERE.glob("*.eml"))
NOT_SEALED = {"plain_file", "says_it_is_compressed", "head_in_odd_bytes", "forwarded_within"}
NO_MAIL = {"no_head_at_all", "head_without_end", "kind_said_twice"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    school = School.at(tmp_path_factory.mktemp("school"))
    return keys_of(Brought(ConnectorId("school-mail"), PartyId("school"), "mail", secrets=school.secrets))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_it_is_refused(path: Path, keys: Keys) -> None:
    with pytest.raises(Malformed) as refused:
        open_letter(path.read_bytes(), keys, "csv", datetime.now(UTC), SPARE)
    usual = "BERICHT_ONLEESBAAR" if path.stem in NO_MAIL else "NIET_TE_OPENEN"
    assert refused.value.faults[0].code == ("NIET_VERSLEUTELD" if path.stem in NOT_SEALED else usual)
    assert "Verzonnen" not in str(refused.value)


def test_the_readme_names_every_mail() -> None:
    told = (HERE / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in MAILS if f"| `{path.stem}` |" not in told] == []
    assert told.count("| `") == len(MAILS)
