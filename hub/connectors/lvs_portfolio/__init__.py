"""School systems: portfolios of pupils who go on. A manifest and a mapping, and no code."""
