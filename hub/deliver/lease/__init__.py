"""What is being sent to recipients' own systems: who sends it now, and when it may be tried again."""
