"""School systems: pupils and students who left, over REST or by webhook."""
