"""DUO: the numbers of young people whose data a doorstroompunt asks to have coupled, as a koppelbestand (koci)."""
