"""School systems: early signals about pupils who will need help after school. A manifest and a mapping, and no code."""
