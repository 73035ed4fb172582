"""Haal Centraal BRP: one person at a time, by BSN, and of that person a closed list of fields."""
