"""The index of the log: made from its entries, in their order, and made again from them when that is asked."""
