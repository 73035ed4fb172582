"""DUO as a partner: a folder with its deliveries, and its service for reports of absence.

    python -m ops.demo.duo files HOME [--port N] [--control N]

It prints where it listens as JSON. `PUT /give {"what": "verzuim"|"c"|"p"}` puts a file there, named as DUO names it; the dials
are those of `ops.demo.folder`.
"""

from __future__ import annotations

import argparse
import asyncio

from ops.demo import duo_files
from ops.demo.folder import arguments, serve


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="DUO as a partner, with dials.")
    ways = parser.add_subparsers(dest="way", required=True)
    arguments(ways.add_parser("files", help="a folder with deliveries"))
    given = parser.parse_args()
    asyncio.run(serve(given.home.resolve(), duo_files.files, given.port, given.control))


if __name__ == "__main__":
    main()
