"""Registration systems of a doorstroompunt or of leerplicht: cases that are handed over, as files or by webhook."""
