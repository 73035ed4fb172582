"""Templates and static files: nothing inline, nothing from elsewhere, nothing that was not published so."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from hub.console import page, static_files

HOME = Path(page.__file__).parent
TEMPLATES = sorted((HOME / "templates").rglob("*.html"))
VENDOR = HOME / "static" / "vendor"

INLINE = re.compile(
    r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|<script(?![^>]*\ssrc=)|<script[^>]*>\s*[^<\s]|\|\s*safe\b|autoescape\s+false"
    r"|(?:src|href|action)=\"(?:https?:)?//|http-equiv|<base\b|<iframe|<object|<embed",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_inline_script_or_style_and_loads_nothing_from_elsewhere(path: Path) -> None:
    assert INLINE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "broken",
    [
        "<style>p{}</style>",
        '<p style="color:red">',
        '<a onclick="x()">',
        '<a href="javascript:x()">',
        "<script>x()</script>",
        '<script src="/a.js">x()</script>',
        "{{ value | safe }}",
        "{% autoescape false %}",
        '<script src="https://elders.test/a.js">',
        '<link href="//elders.test/a.css">',
        '<meta http-equiv="refresh">',
    ],
)
def test_the_rule_notices(broken: str) -> None:
    assert INLINE.search(broken)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_that_posts_carries_the_secret(path: Path) -> None:
    """Forms are made by `ui.post` and `ui.act`; signing in is the one place where there is no secret yet."""
    text = path.read_text(encoding="utf-8")
    if path.name == "sign_in.html":
        return
    forms = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    assert all('name="csrf"' in form for form in forms)
    assert not forms or path.name == "ui.html"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles(path: Path) -> None:
    assert page._TEMPLATES.get_template(path.relative_to(HOME / "templates").as_posix())


def test_values_are_escaped_and_a_missing_one_is_noticed() -> None:
    assert page._TEMPLATES.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    assert "&lt;b&gt;" in page._TEMPLATES.from_string("{{ ui.alert('info', x) }}").render(x="<b>")
    with pytest.raises(UndefinedError):
        page._TEMPLATES.from_string("{{ x }}").render()


def test_a_style_loads_nothing_from_elsewhere() -> None:
    for path in (HOME / "static").rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text
        for target in re.findall(r"url\(\s*[\"']?([^)\"']+)", text):
            if not target.startswith("data:image/svg+xml"):
                assert (path.parent / target).is_file(), target


def test_the_list_of_digests_names_every_vendored_file_as_it_was_published() -> None:
    lines = [line.split("  ") for line in (VENDOR / "DIGESTS").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    listed = {name: digest for _, _, digest, name in lines}
    found = {
        path.relative_to(VENDOR).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "DIGESTS"
    }
    assert listed == found
    for folder in {Path(name).parent for name in found}:
        assert any(re.match(r"LICENSE|OFL", path.name) for path in (VENDOR / folder).iterdir())


def test_every_static_file_has_an_address_that_changes_with_it() -> None:
    assert re.fullmatch(r"/static/[0-9a-f]{16}/hub\.css", static_files.href("hub.css"))
