"""What is handed out of the log: the whole of it, spreadsheets, records in the formats of standards, printed reports.

Nothing here is about a person by name or number, but for the letter of one person, which is made in memory alone. Each form
is logged before its first byte leaves, streams with flat memory, and is whole or not there.
"""
