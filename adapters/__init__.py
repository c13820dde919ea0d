"""The outside world: the supplier and its simulator, the catalogue, Redis, mail and webhooks."""
