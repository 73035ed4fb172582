"""The privacy officer's desk: who got data about whom and why, what was refused, and whether the log is whole."""
