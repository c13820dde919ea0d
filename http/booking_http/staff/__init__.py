"""What support staff do: signing in, finding sessions, reading and answering, leaving a trace."""
