"""What is wrong with a row, and what to write instead, in words for who wrote it. Pure.

The names of faults are those of pydantic-core; one that is not here is told in its own words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel

MEND: Final = "Mend the file; nothing of the set is used until all of it loads."
_WHY: Final[Mapping[str, str]] = {
    "union_tag_not_found": "It does not say which kind of row it is: the key for that is missing, or misspelt.",
    "union_tag_invalid": "Here stands one of {expected_tags}, and not {tag}.",
    "extra_forbidden": "This key is not known here; a key that is not understood is never skipped.",
    "missing": "This key is missing, and nothing is assumed in its place.",
    "enum": "This is one of {expected}.",
    "literal_error": "This is one of {expected}.",
    "string_too_short": "A text of at least {min_length} characters belongs here: a sentence that says it.",
    "string_type": "A text belongs here; what would read as a number, a date, yes or no stands in quotes.",
    "string_pattern_mismatch": "This has another form than belongs here: {pattern}.",
    "too_short": "At least {min_length} belong here, and there are {actual_length}.",
    "bool_type": "Here stands true or false, without quotes.",
    "int_type": "A whole number belongs here, without quotes.",
    "greater_than_equal": "It is {ge} or more.",
    "less_than_equal": "It is {le} or less.",
    "date_from_datetime_parsing": "A day belongs here, written as 2026-11-02.",
    "date_parsing": "A day belongs here, written as 2026-11-02.",
    "date_type": "A day belongs here, written as 2026-11-02.",
    "tuple_type": "A list belongs here: between [ and ], or each on a line of its own that begins with a dash.",
    "model_type": "Keys with values belong here, and not a text or a list alone.",
    "dict_type": "Keys with values belong here, and not a text or a list alone.",
}
_YAML: Final = (
    ("tab", "Indent with spaces; no line begins with a tab."),
    ("mapping values", "Put a text that holds a colon in quotes, and begin the keys of one row in the same column."),
    ("another document", "Write one document in a file, without --- between."),
    ("cannot start any token", "Indent with spaces, never with a tab; put a text that begins with @, % or ` in quotes."),
    ("end of stream", "Close the quotes that were opened."),
    ("expected", "Begin what belongs together in the same column, put a colon and a space after each key, and close quotes."),
)


def why(kind: str, message: str, about: Mapping[str, Any]) -> str:
    """The sentence for a fault; `about` is what the validator says of it."""
    if kind == "value_error" and "not a ReasonCode" in message:
        return "A reason code is capitals and digits with _ between them, such as NIET_NODIG."
    if kind == "value_error" and "not a " in message:
        return "An id is small letters, digits and - . / : _ between them; a letter that only looks like one does not count."
    known = _WHY.get(kind)
    return f"{message}." if known is None else known.format(**about)


def mend_key(key: str, model: type[BaseModel]) -> str:
    """What to do about a key that is not known: the one that is nearest to it, if there is one."""
    schema = model.model_json_schema()
    known = {name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", ())}
    return mend_name(key, known, MEND)


def mend_name(name: str, known: Collection[str], otherwise: str) -> str:
    """What to do about a name that is not known."""
    near = get_close_matches(name, known, 1, 0.75)
    return f"If {near[0]} is meant, write that. {otherwise}" if near else otherwise


def mend_yaml(problem: str) -> str:
    """What to do about text that is no YAML, by what its reader says of it."""
    return next((f"{advice} {MEND}" for word, advice in _YAML if word in problem), MEND)
