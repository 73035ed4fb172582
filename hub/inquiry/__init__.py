"""Asking a register about one person, in one college's own connection, per user and task."""
