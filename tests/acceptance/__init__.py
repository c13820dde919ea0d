"""The promises, kept by real processes."""
