"""That young persons are told of data on them that others received (GDPR 13, 14): by whom, by when, and that it was done."""
