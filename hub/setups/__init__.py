"""Connector instances that administrators set up in the database: versions, sealed credentials, four eyes.

    actor        who does it: a member of staff, an administrator's system, an account at the keyboard
    address      where the hub may be sent, and where not
    checks       whether a setup fits its connector, its party and its protocol
    secret       what a credential is: its kind, fingerprint, end and pair
    standing     how an instance stands, from everything that happened to it (pure)
    rules        who may do what with it now (pure)
    hands        who works by which account or client, where that is known
    ledger       everything that happened, held against the signed log
    service      `Setups`: what an administrator does
    trying       tests a connection, dry-runs one file, rotates what lets the hub in
    active       what runs: setups with their endpoints, and what of them expires
    life         what happened to each connector, for the officer: since when, by whose hands, with which mapping

Whatever an administrator does is a move: one row and one log entry, durable together, numbered per instance. Who writes the
next number first wins; the other is told to look again. A row that the signed log does not speak of is `errors.Tampered`.
"""
