"""Registration systems: what came of cases that were handed over, as files or by webhook."""
