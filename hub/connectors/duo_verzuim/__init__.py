"""DUO: reports of absence as CSV files, or by a second mapping as XML."""
