"""What carries decisions out: units of work, steps, their settlement, compensation and recovery."""
