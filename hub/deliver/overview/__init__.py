"""What waits for whom, since when, and what ended; counts of deliveries and of young people, never who they are."""
