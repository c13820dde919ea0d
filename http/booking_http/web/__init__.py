"""What every web service has: requests, problems, sign-in, streams, health and metrics."""
