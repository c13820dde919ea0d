"""Running as a process: start, stop, listening, and what may be away for a while."""
