"""The end of the account: does everything add up, with the senders, with the recipients, and with the log?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from hub.insight.store import Disclosures, Figures
from ops.demo import region
from ops.demo.controls import Controls
from ops.demo.people import Generated
from ops.demo.voices import COACH

_REASONS = Path(__file__).resolve().parents[2] / "schemas" / "policy" / "reasons"
_NOTHING = Disclosures(0, 0, 0, 0, 0, 0)
_NEVER_PASSED = ("onder_18", "23_tot_26", "zevenentwintig_vandaag", "startkwalificatie", "overleden")
"""Kinds of people that DUO may tell no doorstroompunt about; what DUO may ends at 23."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come out, known from what was put in."""

    rows: int
    quarantined: int
    duplicate: int
    refused_by_doorstroompunten: int
    named: int
    kept_from_coach: int

    @classmethod
    def of(cls, made: Generated, school: Mapping[str, int]) -> Expected:
        """The list and the single messages together; a message that bounced is no row."""
        lines = made.csv.split(b"\r\n")[1:-1]
        return cls(
            rows=made.rows + school["accepted"] + school["duplicate"],
            quarantined=made.unreadable + made.expected.get("gemeente_onbekend", 0),
            # Who moved twice to the same place stands there twice, so the lines are counted and not the kinds.
            duplicate=len(lines) - len(set(lines)) + school["duplicate"],
            refused_by_doorstroompunten=sum(made.expected.get(kind, 0) for kind in _NEVER_PASSED) + school["under_age"],
            named=school["named"],
            kept_from_coach=school["kept_from_coach"],
        )


def disagreements(
    figures: Figures, expected: Expected, received: Mapping[str, int], logged: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    """Whatever does not add up, as sentences; nothing where all does. `logged`: the log's own entries by kind and recipient."""
    rows, every = figures.rows, figures.disclosures
    pairs: dict[str, tuple[int, int]] = {
        "rows received, and put in": (rows.received, expected.rows),
        "rows received, and accounted for": (rows.received, rows.accepted + rows.quarantined + rows.duplicate),
        "rows quarantined, and made to be": (rows.quarantined, expected.quarantined),
        "rows in quarantine, and by reason": (rows.quarantined, sum(figures.quarantine.values())),
        "duplicates, and made to be": (rows.duplicate, expected.duplicate),
        "disclosures considered, and two for each row accepted and one for each who spoke of a coach": (
            every.considered,
            2 * rows.accepted + expected.named,
        ),
        "disclosures considered, and accounted for": (
            every.considered,
            every.delivered + every.held + every.failed + every.stopped + every.refused,
        ),
        "refusals, and by reason": (every.refused, sum(figures.refusals.values())),
        "refusals for doorstroompunten, and made to be": (
            sum(figures.recipients[name].refused for name in region.DOORSTROOMPUNTEN if name in figures.recipients),
            expected.refused_by_doorstroompunten,
        ),
        "kept from the coach, and said to be": (figures.recipients.get(COACH, _NOTHING).refused, expected.kept_from_coach),
    }
    for name in sorted({*figures.recipients, *received}):
        delivered = figures.recipients.get(name, _NOTHING).delivered
        pairs[f"delivered to {name}, and received there"] = (delivered, received.get(name, 0))
    for name in sorted({*figures.recipients, *(recipient for kind, recipient in logged if kind in ("disclosure", "refusal"))}):
        of = figures.recipients.get(name, _NOTHING)
        pairs[f"delivered to or held for {name}, and in the log"] = (
            of.delivered + of.held + of.failed + of.stopped,
            logged.get(("disclosure", name), 0),
        )
        pairs[f"refused to {name}, and in the log"] = (of.refused, logged.get(("refusal", name), 0))
    return (f"{what}: {one} and {two}" for what, (one, two) in pairs.items() if one != two)


def as_json(figures: Figures, log: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The summary as it is kept."""
    rows = {"in": figures.rows.received, **{k: v for k, v in asdict(figures.rows).items() if k != "received"}}
    return {
        "rows": rows,
        "disclosures": asdict(figures.disclosures),
        "recipients": {name: asdict(of) for name, of in figures.recipients.items()},
        "refusals": figures.refusals,
        "quarantine": figures.quarantine,
        "log": dict(log),
        "seconds": round(seconds, 1),
    }


def as_text(summary: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people; reasons in the words of the policy."""
    rows, every = summary["rows"], summary["disclosures"]
    yield "Rows received, from DUO's list and the school's messages"
    yield _sum(rows, "in")
    yield ""
    yield "Disclosures considered: each row for its doorstroompunt and its Work & Income, and for the coach whom someone named"
    yield _sum(every, "considered")
    yield "  delivered: its recipient said that it has it; held: waits to be fetched or sent; failed: its recipient's system"
    yield "  will not have it; stopped: no longer permitted when it was to leave; refused: nothing of it leaves"
    if region.WITHOUT_SYSTEM in summary["recipients"]:
        yield f"  {region.WITHOUT_SYSTEM} has no system yet and {region.DOWN}'s is down, so what is for them is held"
    yield ""
    columns = ("considered", "delivered", "held", "failed", "stopped", "refused")
    yield f"  {'recipient':<30}" + "".join(f"{name:>11}" for name in columns)
    for name, of in summary["recipients"].items():
        yield f"  {name:<30}" + "".join(f"{of[column]:>11,}" for column in columns)
    rows = [row for file in sorted(_REASONS.glob("*.yaml")) for row in yaml.safe_load(file.read_text("utf-8"))["reasons"]]
    sentences = {row["code"]: row["text_nl"] for row in rows}
    for title, counts in (
        ("Refused, by the first reason found", summary["refusals"]),
        ("In quarantine", summary["quarantine"]),
    ):
        yield ""
        yield title
        for code, count in sorted(counts.items(), key=lambda each: -each[1]):
            yield f"  {count:>7,}  {code}: {sentences.get(code, '')}"
    yield ""
    log = summary["log"]
    yield f"Log, counted and {log['verdict']} by ops/verify/verify.py, without the hub"
    yield _sum({"size": log["size"], **log["kinds"]}, "size")
    yield "  disclosure: what was delivered or is held; refusal: what was refused; outcome: each time that something was handed"
    yield f"  over, and once more when it was confirmed ({region.FORGETFUL} fetches some of it twice, as after a crash)"
    yield f"  {log['witness']} held {log['receipts']:,} receipts against it and cosigned it, which the verifier asked for"
    yield f"  one person was forgotten: {log['forgotten']} entries were theirs, and nobody can tell any more that they are"


def _sum(figures: Mapping[str, int], total: str) -> str:
    return f"  {figures[total]:,} = " + " + ".join(f"{count:,} {name}" for name, count in figures.items() if name != total)


def logged(verdict: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The entries by kind and recipient, as the verifier counted them."""
    counted: Counter[tuple[str, str]] = Counter()
    for total in verdict["totals"]:
        counted[total["kind"], total["recipient"]] += total["count"]
    return dict(counted)


def kinds(entries: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """The entries by kind, the kinds about records first."""
    counted: Counter[str] = Counter(dict.fromkeys(("disclosure", "refusal", "outcome"), 0))
    for (kind, _), count in entries.items():
        counted[kind] += count
    return dict(counted)


def received(partners: Path) -> dict[str, int]:
    """What each recipient's own system counted."""
    fetched = {name: json.loads((partners / name / "counts.json").read_text())["received"] for name in region.SYSTEMS}
    return fetched | {region.PUSHED: Controls(region.where(partners / region.PUSHED)["control"]).counts()["effects"]}
