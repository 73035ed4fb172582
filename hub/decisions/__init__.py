"""The decision as a service of its own: partners ask before they give (AuthZEN); each call is told as a log record (ADL)."""
