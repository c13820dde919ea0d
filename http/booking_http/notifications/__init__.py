"""What guests and others are told of a booking, and on which channels."""
