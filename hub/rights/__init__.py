"""What someone may ask about themselves, and how whoever answers proves that the answer is whole."""
