"""School systems: reports of absence, over REST or by webhook."""
