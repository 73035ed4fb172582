"""Which agreements are in force: proposals, advice, signatures, activation; each act is in the log before its effect."""
