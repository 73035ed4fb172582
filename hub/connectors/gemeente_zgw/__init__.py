"""ZGW: what is delivered becomes a case in the gemeente's case system."""
