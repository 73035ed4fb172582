"""DUO as a partner: a folder with its deliveries, and its service for reports of absence.

    python -m ops.demo.duo files HOME [--port N] [--control N]
    python -m ops.demo.duo soap HOME [--port N] [--control N]

Each prints where it listens as JSON. To the folder `PUT /give {"what": "verzuim"|"c"|"p"}` gives a file, named as DUO names it;
its dials are those of `ops.demo.folder`, those of the service of `ops.demo.duo_soap`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal

from ops.demo import duo_files
from ops.demo.duo_soap import Loket, opened
from ops.demo.folder import arguments, serve


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="DUO as a partner, with dials.")
    ways = parser.add_subparsers(dest="way", required=True)
    arguments(ways.add_parser("files", help="a folder with deliveries"))
    arguments(ways.add_parser("soap", help="the service for reports of absence"))
    given = parser.parse_args()
    if given.way == "files":
        asyncio.run(serve(given.home.resolve(), duo_files.files, given.port, given.control))
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    service, controls = opened(given.home.resolve(), Loket(), given.port, given.control)
    url, control = (f"{scheme}://127.0.0.1:{each.server_port}" for scheme, each in (("https", service), ("http", controls)))
    print(json.dumps({"url": f"{url}/verzuim", "control": control, "home": str(given.home)}), flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
