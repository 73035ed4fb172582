"""DUO: lists of early school leavers as CSV files over SFTP."""
