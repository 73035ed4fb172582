"""StUF-ZKN 3.10: what is delivered becomes a case at a gemeente that still has it."""
