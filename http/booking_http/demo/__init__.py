"""The whole product on a laptop: service, simulated supplier, PostgreSQL and Valkey."""
