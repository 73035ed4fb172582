"""DUO: a school's reports of absence, and later states of them, over SOAP."""
