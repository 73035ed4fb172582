"""Whatever a transfer file says of its categories: nothing that may not be read is held, and a row reads again as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.lvs_oso.profiles import standard
from hub.normalise.mapping import load_mapping
from hub.registry import load_connectors
from ops.demo.dossiers import dossier, enveloped
from tests.hostile.parse import parse

CONNECTOR = load_connectors()["lvs_oso"]
COLUMNS = load_mapping(CONNECTOR.mapping).columns | {"huidigeschool.leerling.examenresultaat.examenuitslag"}
TABLE = standard()
CATEGORIES = sorted(set(TABLE.categories.values()))
WORD = st.sampled_from(["VERPLICHT", "OPTIONEEL", "VERBODEN", "OPT-UIT", "verplicht", ""])
ELEMENTS = sorted(path for path in TABLE.categories if path.startswith("huidigeschool.leerling.") and path.count(".") == 2)


def block(path: str) -> tuple[str, str]:
    """An element that names its category wherever anything of it could be read."""
    name, mark = path.rpartition(".")[2], f"GEHEIM-{TABLE.categories[path]}-"
    inside = {
        "overstapadvies": f"<advies>{mark}</advies>",
        "verzuim": f"<meerdan25percent>{mark}</meerdan25percent>",
        "examenresultaat": f"<examenuitslag>{mark}</examenuitslag>",
        "onderwijsondersteuning": f"<handelingsplan>GEHEIM-cat_handelingsplannen-</handelingsplan><diagnose>{mark}</diagnose>",
    }
    return name, inside.get(name, mark)


@given(
    st.sampled_from([*TABLE.profiles, "VOMBO"]),
    st.sampled_from(["overstapdossier", "overdrachtbinnenbrin", "swv-dossier"]),
    st.dictionaries(st.sampled_from(CATEGORIES), WORD),
    st.lists(st.sampled_from(ELEMENTS), max_size=8, unique=True),
    st.booleans(),
)
def test_nothing_of_a_category_that_may_not_be_read_is_held(
    overstap: str, overdracht: str, words: dict[str, str], there: list[str], alone: bool
) -> None:
    text = dossier("", overstap=overstap, overdracht=overdracht, words=words, blocks=dict(block(path) for path in there))
    data = (text if alone else enveloped(text)).encode()
    (row,) = parse(CONNECTOR.format(), data, COLUMNS).rows
    held = str(row.content.reveal()) + row.raw.reveal().decode()
    profile = TABLE.profile(overdracht, overstap)
    for category in CATEGORIES:
        readable = (
            profile is not None and profile.rules[category] != "VERBODEN" and words.get(category) in ("VERPLICHT", "OPTIONEEL")
        )
        assert readable or f"GEHEIM-{category}-" not in held
    assert "GEHEIM-cat_oudersverzorgers-" not in held, "nor of one of which the mapping names nothing"
    (again,) = parse(CONNECTOR.format(), row.raw.reveal(), COLUMNS).rows
    assert (again.fault, again.content, again.raw) == (row.fault, row.content, row.raw)


@given(st.binary(max_size=200), st.integers(1, 64))
def test_blocks_of_any_size_give_the_same(noise: bytes, size: int) -> None:
    text = enveloped(dossier("999909848", pupil=f"<roepnaam>{noise.hex()}</roepnaam>")).encode()
    assert parse(CONNECTOR.format(), text, COLUMNS, block=size).rows == parse(CONNECTOR.format(), text, COLUMNS).rows
