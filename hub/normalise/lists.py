"""Code lists that mappings share, by name: `schemas/codes/<name>.toml`. A list only ever grows; a new meaning is a new list."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import Misconfigured

FOLDER: Final = Path(__file__).parents[2] / "schemas" / "codes"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


class _List(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    title: Annotated[str, Field(min_length=3)]
    source: Annotated[str, Field(min_length=10)]
    codes: Annotated[dict[str, str], Field(min_length=1)]


@cache
def shared(name: str) -> Mapping[str, str] | None:
    """The sender's word to ours; None where there is no such list. Raises errors.Misconfigured for one that is damaged."""
    if not _NAME.fullmatch(name):
        return None
    try:
        found: Any = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        return MappingProxyType(_List.model_validate(found).codes)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError):
        raise Misconfigured(
            f"The code list {name} cannot be used.", "Its file is damaged.", f"Restore schemas/codes/{name}.toml."
        ) from None


def known() -> tuple[str, ...]:
    """The names of all lists."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def name_key(text: str) -> str:
    """A name as it is looked up: in capitals or not, with one space or more."""
    return " ".join(text.split()).casefold()
