"""What recipients must stop, restrict, erase or correct after delivery, followed until they confirm it or it is escalated."""
