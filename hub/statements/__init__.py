"""What young people and those who speak for them say: recorded with evidence, taken back as easily, and proved by a receipt."""
