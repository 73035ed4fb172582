"""Gemeenten: cases of the Jongerenloket that are handed over, as JSON or CSV."""
