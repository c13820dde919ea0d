"""What staff decide about a session."""
