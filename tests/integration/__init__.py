"""Tests of parts over real PostgreSQL, Valkey, simulator and processes."""
