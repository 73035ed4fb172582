"""Pages: a template and its values become an answer, with everything around them that every page has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response

from hub.console import static_files, text
from hub.console.desk import Desk, Session
from hub.console.navigation import navigation
from hub.console.table import Badge, Day, Link, Moment
from hub.console.words import DONE

HTML: Final = "text/html; charset=utf-8"


def render(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """The page that the template `name` makes of `values`.

    Every template also has: `staff` and `csrf` (None and empty where nobody is signed in), `navigation`, `path`, `now_us`,
    `trace` (what someone tells an administrator), `done` (the sentence for `?gedaan=`), and `crumbs`, which a page may give as
    a sequence of `Link`, the page itself left out.
    """
    desk: Desk = request.app.state.desk
    session: Session | None = request.scope.get("hub.session")
    path = request.scope["path"]
    around = {
        "staff": session.staff if session else None,
        "csrf": session.csrf if session else "",
        "navigation": navigation(path, session.staff if session else None, request.scope.get("hub.waiting", {})),
        "path": path,
        "now_us": desk.clock.now_us(),
        "trace": request.scope.get("hub.trace", ""),
        "done": DONE.get(request.query_params.get("gedaan", ""), ""),
        "crumbs": (),
    }
    return Response(_TEMPLATES.get_template(name).render({**around, **values}), status, media_type=HTML)


def go(href: str, done: str = "") -> Response:
    """After a form was handled: on to the page at `href`, which says `done`, a word of `hub.console.words.DONE`."""
    if done:
        DONE[done]
    target = URL(href).include_query_params(gedaan=done) if done else URL(href)
    return Response(status_code=303, headers={"Location": str(target)})


@pass_context
def _since(context: Context, us: int) -> str:
    return text.since(us, context["now_us"])


def _kind(cell: object) -> str:
    """How a macro knows what a cell is."""
    match cell:
        case None | "":
            return "empty"
        case Moment():
            return "moment"
        case Day():
            return "day"
        case Link():
            return "link"
        case Badge():
            return "badge"
        case int():
            return "number"
        case _:
            return "text"


def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"moment": text.moment, "day": text.day, "number": text.number, "since": _since, "kind": _kind}
    made.globals |= {"static": static_files.href}
    # The building blocks of `ui.html` are at hand in every template; they see nothing but what they are given.
    made.globals["ui"] = made.get_template("ui.html").module
    return made


_TEMPLATES: Final = _templates()
