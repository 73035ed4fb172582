"""Runs of connectors: when each goes, who runs it, how it went, and when a partner is left alone."""
