"""Mergers of gemeenten and another contactgemeente: what changes when, what hangs on it, and how cases move with it."""
