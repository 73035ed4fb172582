"""The text of a mapping as YAML, read strictly; what is wrong with it is told with the line on which it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from hub.errors import Misconfigured
from hub.normalise.sheet import Sheet

LONGEST: Final = 64 * 1024
"""Characters of a mapping file."""
_DEEPEST: Final = 8
_NO_YAML: Final = "It is not YAML: look at indents and quotes; in a list, what holds brackets such as a[0].b goes in quotes."

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A mapping's text, to say where in it something is wrong."""

    path: Path
    tree: yaml.Node | None = None

    def wrong(self, place: Place, why: str) -> Misconfigured:
        """The error for what stands at `place`, such as `("columns", "POSTCODE")`."""
        return self.unusable(self.line(place), why)

    def unusable(self, line: int, why: str) -> Misconfigured:
        """The error for a line; 0 where it is about the whole."""
        where = f"{self.path.name}, line {line}" if line else self.path.name
        return Misconfigured(
            f"The mapping of connector {self.path.parent.name} cannot be used ({where}).",
            why,
            "Correct the mapping and start again.",
        )

    def line(self, place: Place) -> int:
        """The line on which `place` stands, as far as the tree goes along with it."""
        node = self.tree
        line = node.start_mark.line + 1 if node is not None else 0
        for part in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if found is None:
                    continue  # the tag of a union is in the place, but not in the file
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line


def sheet_of(text: str, path: Path) -> tuple[Sheet, Page]:
    """What the text says. Raises errors.Misconfigured with `path`, line and what is wrong."""
    page = Page(path)
    if len(text) > LONGEST:
        raise page.unusable(0, "It is too long for a mapping.")
    try:
        _refuse_tangles(text, page)
        page = Page(path, yaml.compose(text, Loader=yaml.SafeLoader))
        _refuse_doubles(page.tree, page)
        return Sheet.model_validate(yaml.safe_load(text)), page
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        raise page.unusable(mark.line + 1 if mark else 0, _NO_YAML) from None
    except ValidationError as wrong:
        error: Any = wrong.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in error["loc"])
        raise page.wrong(error["loc"], f"{place}: {error['msg']}.") from None
    except (ValueError, RecursionError):  # a date that is none
        raise page.unusable(0, _NO_YAML) from None


def _refuse_tangles(text: str, page: Page) -> None:
    """What is small to write and large to read: parts that stand for other parts, and brackets within brackets."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise page.unusable(line, "It refers to another part of itself; write that part out.")
        if depth > _DEEPEST:
            raise page.unusable(line, "It goes deeper than a mapping does.")


def _refuse_doubles(node: yaml.Node | None, page: Page) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise page.unusable(key.start_mark.line + 1, "A key is no word.")
            if key.value in seen:
                raise page.unusable(key.start_mark.line + 1, f"The key {key.value} is there twice.")
            seen.add(key.value)
            _refuse_doubles(value, page)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_doubles(value, page)
