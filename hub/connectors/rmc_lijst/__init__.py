"""Registration systems of a doorstroompunt or of leerplicht: deliveries as lists, put on their SFTP server."""
