"""Mail and webhooks: how the outbox's messages leave."""
