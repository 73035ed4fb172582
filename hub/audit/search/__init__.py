"""Searching the log, over an index that is made from its entries."""
