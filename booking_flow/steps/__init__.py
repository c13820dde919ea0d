"""What each step of the saga decides: pure functions of the session and what was answered."""
