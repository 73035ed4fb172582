"""What an administrator mends: mappings, rows in quarantine, refused files. No values, but of a row revealed with a reason."""
