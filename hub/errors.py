"""Every error of the hub, sorted by what the caller should do.

    HubError
    ├── Refused        the answer is no: do not repeat it unchanged, ask who can change the rule or the fact
    ├── Retry          nothing was lost and nothing left: repeat the same call later
    │   └── Conflict   someone was first: gather the facts again, then repeat
    ├── Malformed      the input is wrong: mend it and send it again
    ├── Misconfigured  the installation is wrong: an administrator must act before it can work
    └── Tampered       something is not what it was: stop, keep everything, call the privacy officer

A message says what happened, why, and what to do now. It is written in the code and never holds a value from a record.
"""

from __future__ import annotations

from dataclasses import dataclass


class HubError(Exception):
    """The root: `what` happened, `why`, and what to do `now`, each a sentence for the person who must act."""

    def __init__(self, what: str, why: str = "", now: str = "") -> None:
        self.what = what
        self.why = why
        self.now = now
        super().__init__(" ".join(part for part in (what, why, now) if part))


class Refused(HubError):
    """A rule says no."""


class Retry(HubError):
    """Something that the hub needs is away or busy; the same call may be repeated after `after_s` seconds."""

    def __init__(self, what: str, why: str = "", now: str = "", *, after_s: int = 5) -> None:
        super().__init__(what, why, now)
        self.after_s = after_s


class Conflict(Retry):
    """Someone else recorded the same thing first; gather the facts again and decide anew."""

    def __init__(self, what: str, why: str = "", now: str = "") -> None:
        super().__init__(what, why, now, after_s=0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: `where` (a field or column by its published name) and a reason `code`."""

    where: str
    code: str


class Malformed(HubError):
    """The input does not have the agreed form; `faults` names all of them, by place and code, never by value."""

    def __init__(self, what: str, why: str = "", now: str = "", *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(what, why, now)
        self.faults = faults


class Misconfigured(HubError):
    """A setting, key, rule or database is missing, weak or contradictory."""


class Tampered(HubError):
    """Evidence that something recorded was changed, dropped or rolled back."""
