"""DUO: enrolments and exemptions, all of them on request (C) or weekly what changed (P)."""
