"""What partners bring to the hub: by webhook, by mail, or through the hands of an administrator.

It is sealed before it is written and stays so until it is read, by the one reader of files there is (`hub.receive.drop`), for
which the inbox is a folder like any other. Whoever brings something is told that it is here once it is durable, and not before.
"""

from __future__ import annotations

from hub.receive.inbox.active import ActiveInstances
from hub.receive.inbox.brought import Brought, Instances
from hub.receive.inbox.content import LARGEST, Content, Full, TooLarge
from hub.receive.inbox.source import InboxSource
from hub.receive.inbox.store import AnotherBody, Inbox, Kept
from hub.receive.inbox.upload import Uploads

__all__ = [
    "LARGEST",
    "ActiveInstances",
    "AnotherBody",
    "Brought",
    "Content",
    "Full",
    "Inbox",
    "InboxSource",
    "Instances",
    "Kept",
    "TooLarge",
    "Uploads",
]
