"""The administrator's desk: every route of it in one table. No page holds a personal value, but the one row that is shown."""

from __future__ import annotations

from collections.abc import Iterator

from hub.console.admin_catalogue import CataloguePages
from hub.console.admin_connectors import ConnectorPages
from hub.console.admin_credentials import CredentialPages
from hub.console.admin_deliveries import DeliveryPages
from hub.console.admin_failed import FailedPages
from hub.console.admin_health import Checkup, HealthPage
from hub.console.admin_mapping import MappingPages
from hub.console.admin_overview import Overview
from hub.console.admin_parts import Admin
from hub.console.admin_quarantine import QuarantinePages
from hub.console.admin_row import RowPages
from hub.console.admin_setups import SetupPages
from hub.console.admin_trials import TrialPages
from hub.console.admin_upload import UploadPages
from hub.console.desk import Desk
from hub.console.gate import Gate
from hub.console.routes import Route
from hub.setups.service import Setups


def routes(desk: Desk, gate: Gate) -> Iterator[Route]:
    """The pages under /beheer; none in a console without such a desk."""
    if desk.administrator is None:
        return
    admin, checkup = Admin(desk.administrator, gate), Checkup(desk.administrator.examine, desk.clock)
    yield Route("GET", "/beheer", Overview(admin, checkup).page)

    connectors, mapping = ConnectorPages(admin), MappingPages(admin)
    one = "/beheer/koppelingen/{connector}"
    yield Route("GET", "/beheer/koppelingen", connectors.page)
    yield Route("GET", one, connectors.one)
    yield Route("POST", one + "/bestanden/{drop}/opnieuw", connectors.again)
    yield Route("GET", one + "/mapping", mapping.page)
    yield Route("POST", one + "/mapping", mapping.try_or_use)
    yield Route("POST", one + "/mapping/gebruik", mapping.activate)
    yield Route("POST", one + "/mapping/bevestig", mapping.confirm)
    yield Route("POST", one + "/mapping/voorbeeld", mapping.sample)
    yield Route("POST", one + "/vorm", connectors.accept)

    if desk.administrator.kinds:
        catalogue = CataloguePages(admin, desk.administrator.kinds)
        yield Route("GET", "/beheer/aansluiten", catalogue.page)
        yield Route("GET", "/beheer/aansluiten/{soort}", catalogue.one)

    if admin.setups is not None:
        yield from _setting_up(admin, admin.setups, one)

    if admin.uploads is not None:
        uploads = UploadPages(admin, admin.uploads)
        yield Route("GET", one + "/inleveren", uploads.page)
        yield Route("POST", one + "/inleveren", uploads.take)

    quarantine, file = QuarantinePages(admin), "/beheer/quarantaine/{drop}"
    yield Route("GET", "/beheer/quarantaine", quarantine.page)
    yield Route("GET", file, quarantine.file)
    yield Route("POST", file + "/proef", quarantine.try_out)
    yield Route("POST", file + "/vrijgeven", quarantine.release)
    yield Route("GET", file + "/uitkomst", quarantine.outcome)
    yield Route("GET", file + "/terugmelding.csv", quarantine.bounce)
    row = RowPages(admin, quarantine)
    yield Route("GET", file + "/{row}", row.row)
    yield Route("POST", file + "/{row}", row.show)

    deliveries, recipient = DeliveryPages(admin), "/beheer/bezorgingen/{party}"
    yield Route("GET", "/beheer/bezorgingen", deliveries.page)
    yield Route("GET", recipient, deliveries.one)
    yield Route("POST", recipient + "/ophouden", deliveries.hold)
    yield Route("POST", recipient + "/vrijgeven", deliveries.free)
    yield Route("POST", recipient + "/probeer", deliveries.try_now)

    failed, cause = FailedPages(admin), "/beheer/mislukt/{party}/{cause}"
    yield Route("GET", "/beheer/mislukt", failed.page)
    yield Route("GET", cause, failed.one)
    yield Route("POST", cause + "/opnieuw", failed.resume)
    yield Route("GET", cause + "/opgeven", failed.ask)
    yield Route("POST", cause + "/opgeven", failed.drop)
    yield Route("GET", cause + "/{delivery}", failed.single)

    yield Route("GET", "/beheer/gezondheid", HealthPage(admin, checkup).page)


def _setting_up(admin: Admin, setups: Setups, one: str) -> Iterator[Route]:
    pages, here = SetupPages(admin, setups), one + "/instelling"
    yield Route("GET", "/beheer/aansluiten/{soort}/instellen", pages.begin)
    yield Route("POST", "/beheer/aansluiten/{soort}/instellen", pages.create)
    yield Route("GET", here, pages.page)
    yield Route("POST", here, pages.act)
    yield Route("GET", here + "/wijzigen", pages.change)
    yield Route("POST", here + "/wijzigen", pages.keep)
    yield Route("GET", here + "/beeindigen", pages.end)
    yield Route("POST", here + "/beeindigen", pages.end_it)
    yield Route("GET", here + "/verschil", pages.diff)

    trials = TrialPages(admin, setups, pages)
    yield Route("POST", here + "/test", trials.test)
    yield Route("POST", here + "/wisselen", trials.rotate)
    yield Route("POST", here + "/proef", trials.dry_run)
    yield Route("POST", here + "/voorbeeld", trials.sample)

    credentials, key = CredentialPages(admin, setups, pages), here + "/sleutels/{sleutel}"
    yield Route("GET", key, credentials.page)
    yield Route("POST", key, credentials.paste)
    yield Route("POST", key + "/bestand", credentials.upload)
    yield Route("POST", key + "/weg", credentials.remove)
