"""Pushing: what waits is sent to recipients' own systems, each at its own pace, until they say that they have it."""
