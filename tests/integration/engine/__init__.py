"""The engine against a real PostgreSQL and the simulated supplier over real HTTP."""
