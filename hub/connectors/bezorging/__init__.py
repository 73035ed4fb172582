"""Pushing deliveries to a recipient's own system over REST."""
