"""What another policy set would have decided: about everyone whose facts are kept, and about every decision in the log."""
