"""Schools: transfer files (OSO, form 2019), with what they may hold per kind of transfer."""
