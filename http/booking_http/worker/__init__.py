"""What is done beside requests: recovery, clocks, and sending what the outbox holds."""
