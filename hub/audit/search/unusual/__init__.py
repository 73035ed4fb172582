"""What of the log is looked at for signals."""
