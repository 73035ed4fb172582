"""DUO: reports of absence that changed, asked for over SOAP."""
