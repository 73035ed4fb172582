"""A partner's system, as far as signing in goes: its key, and the hub's REST interface as its client sees it.

    python -m ops.demo.partner HOME      prints an access token of five minutes, for trying things with curl

HOME holds what such a system has of its own: `partner.json` (party, client id, the hub's address, the log's public key) and
`key.json`, its private key. Nothing here imports the hub.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_RENEW_S = 60


def make(home: Path, party: str, hub: str, log_key: str) -> dict[str, Any]:
    """Sets a partner up in `home`; gives the public half of its key as a JWK set, which is all that the hub gets."""
    home.mkdir(parents=True)
    key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)}, private=True)
    with os.fdopen(os.open(home / "key.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    about = {"party": party, "client_id": f"{party}-systeem", "hub": hub, "log_key": log_key}
    (home / "partner.json").write_text(json.dumps(about, indent=2) + "\n")
    return {"keys": [key.as_dict(private=False)]}


class Partner:
    """The hub as this partner's system reaches it. Raises httpx2.HTTPError where that fails."""

    def __init__(self, home: Path) -> None:
        about = json.loads((home / "partner.json").read_text())
        self.party: str = about["party"]
        self.log_key: str = about["log_key"]
        self._client_id: str = about["client_id"]
        self._key = ECKey.import_key(json.loads((home / "key.json").read_text()))
        # The machine's proxies are not for what stays on it.
        self._http = httpx2.Client(base_url=about["hub"], timeout=30, trust_env=False)
        self._token, self._good_until = "", 0.0

    def token(self) -> str:
        """An access token: signed for with the partner's key (private_key_jwt), kept until it nears its end."""
        if time.monotonic() >= self._good_until:
            audience, now = str(self._http.base_url.join("/oauth/token")), int(time.time())
            claims = {"iss": self._client_id, "sub": self._client_id, "aud": audience, "iat": now, "exp": now + 120}
            header = {"alg": "ES256", "kid": self._key.kid}
            answer = self._http.post(
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_assertion_type": _ASSERTION_TYPE,
                    "client_assertion": jwt.encode(header, {**claims, "jti": uuid4().hex}, self._key),
                },
            )
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
            self._good_until = time.monotonic() + answer.json()["expires_in"] - _RENEW_S
        return self._token

    def get(self, path: str) -> Any:
        """What a GET answers."""
        answer = self._http.get(path, headers={"Authorization": f"Bearer {self.token()}"})
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any, key: str | None = None) -> httpx2.Response:
        """What a POST answers, whatever its status; `key` is the idempotency key."""
        headers = {"Authorization": f"Bearer {self.token()}", "Idempotency-Key": key or uuid4().hex}
        return self._http.post(path, json=body, headers=headers)

    def sign(self, claims: dict[str, Any], kind: str) -> str:
        """What this partner declares, signed with its own key: a JWS of that type."""
        header = {"alg": "ES256", "kid": self._key.kid, "typ": kind}
        return jwt.encode(header, {**claims, "iat": int(time.time())}, self._key)


def write(path: Path, content: Any) -> None:
    """Replaces a JSON file, so that a reader finds the old one or the new one."""
    waiting = path.with_name(path.name + ".new")
    waiting.write_text(json.dumps(content, indent=2) + "\n")
    waiting.replace(path)


if __name__ == "__main__":
    print(Partner(Path(sys.argv[1])).token())
