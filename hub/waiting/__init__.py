"""What waits for somebody: one list over all that people must decide, confirm or chase, read from where each is kept.

model        what can wait, for which roles, since when and until when
agreements   proposals without advice, without a decision, without a signature; what ends soon
connectors   setups, mappings and moves that wait for a second person; layouts, keys, rows and deliveries for mending
service      the whole list, for everybody or for one member of staff
"""
