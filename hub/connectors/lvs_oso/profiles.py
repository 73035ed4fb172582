"""What each profile of OSO says of the categories of a transfer file, and what follows for one file. Pure but for its table.

The table is data: `schemas/wire/lvs_oso/<version>/profielen.toml`. A category is VERPLICHT, OPTIONEEL or VERBODEN in a profile;
a file says the same of each, or OPT-UIT where the parents or the pupil held it back. The stricter of the two holds; a word that
is missing or unknown is no permission.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hub.domain.terms import ReasonCode
from hub.errors import Misconfigured

TABLE: Final = Path(__file__).parents[3] / "schemas" / "wire" / "lvs_oso" / "oso-2019.1" / "profielen.toml"
MANDATORY, OPTIONAL, FORBIDDEN, OPTED_OUT = "VERPLICHT", "OPTIONEEL", "VERBODEN", "OPT-UIT"
WORDS: Final = frozenset({MANDATORY, OPTIONAL, FORBIDDEN, OPTED_OUT})
UNKNOWN: Final = ReasonCode("CATEGORIE_ONBEKEND")
NOT_ALLOWED: Final = ReasonCode("CATEGORIE_VERBODEN")
MISSING: Final = ReasonCode("CATEGORIE_ONTBREEKT")
NOT_AGREED: Final = ReasonCode("OVERDRACHT_NIET_AKKOORD")
_BB: Final = "BB"


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of transfer. `rules` has the word for every category, `forbidden` single elements that may not be there,
    `agrees` whether the file must say that parents or pupil agree with the transfer."""

    name: str
    rules: Mapping[str, str]
    forbidden: frozenset[str]
    agrees: bool
    may_be_empty: frozenset[str]

    def fault(
        self, words: Mapping[str, str], present: Collection[str], elements: Collection[str], agreed: str
    ) -> ReasonCode | None:
        """Why a file is set aside, if it is: `words` are what it says of its categories, `present` those that have anything in
        it, `elements` the paths that occur, `agreed` what it says of the transfer."""
        if any(words.get(category) not in WORDS for category in present):
            return UNKNOWN
        if self.forbidden & set(elements) or any(self.forbids(category, words) for category in present):
            return NOT_ALLOWED
        given = {category for category in present if words[category] != OPTED_OUT}
        asked = {category for category, rule in self.rules.items() if MANDATORY in (rule, words.get(category))}
        if asked - given - self.may_be_empty:
            return MISSING
        return NOT_AGREED if self.agrees and agreed != "Ja" else None

    def forbids(self, category: str, words: Mapping[str, str]) -> bool:
        """Whether nothing of this category may be in the file, according to the profile or to the file itself."""
        return FORBIDDEN in (self.rules.get(category, FORBIDDEN), words.get(category))

    def holds(self, category: str, words: Mapping[str, str]) -> bool:
        """Whether what is in this category may be read at all."""
        return not self.forbids(category, words) and words.get(category) in (MANDATORY, OPTIONAL)


@dataclass(frozen=True, slots=True)
class Standard:
    """The whole table. `categories` has the category of each element by its path below the root, `never` the elements of which
    nothing is held, wherever they stand."""

    namespace: str
    never: frozenset[str]
    categories: Mapping[str, str]
    profiles: Mapping[str, Profile]
    kinds: Mapping[str, str]

    def profile(self, kind: str, transfer: str) -> Profile | None:
        """The profile of a file, by its overdrachtsoort and overstap; None where there is none."""
        found = self.profiles.get(_BB if kind == self.kinds[_BB] else transfer)
        return found if found is not None and self.kinds[found.name] == kind else None


@cache
def standard(path: Path = TABLE) -> Standard:
    """The table in this file. Raises errors.Misconfigured where it is damaged, or leaves a category out."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        named: Mapping[str, list[str]] = read["categorieen"]
        profiles = {name: _profile(name, said, frozenset(read["mag_leeg"])) for name, said in read["profielen"].items()}
        if all(profile.rules.keys() == named.keys() for profile in profiles.values()):
            return Standard(
                read["namespace"],
                frozenset(read["nooit"]),
                MappingProxyType({element: category for category, elements in named.items() for element in elements}),
                MappingProxyType(profiles),
                MappingProxyType({name: said["overdrachtsoort"] for name, said in read["profielen"].items()}),
            )
        why = "A profile says nothing of a category, or something of one that there is not."
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):
        why = "It cannot be read."
    raise Misconfigured("The profiles of transfer files cannot be used.", why, f"Restore {path.name} in schemas/wire/lvs_oso.")


def _profile(name: str, said: Mapping[str, list[str]], may_be_empty: frozenset[str]) -> Profile:
    rules = {category: word for word in (MANDATORY, OPTIONAL, FORBIDDEN) for category in said[word]}
    return Profile(name, MappingProxyType(rules), frozenset(said["verboden"]), bool(said["toestemming"]), may_be_empty)
