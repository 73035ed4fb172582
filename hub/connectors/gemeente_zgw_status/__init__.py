"""ZGW: what came of the cases that the hub made comes back as outcomes."""
