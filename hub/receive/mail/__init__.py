"""Mail-in: an encrypted and signed attachment from a school that has no system to connect (S/MIME, RFC 8551).

The hub listens behind the organisation's own mail server, which knows it as the address of each instance. Whoever sends is
answered while that server still holds the mail: taken, once it is durable, or refused with what to do. The hub sends no mail.
"""

from __future__ import annotations
