"""Suwinet: what one college asks about one person, in its own connection; of the answers only yes and no remain."""
