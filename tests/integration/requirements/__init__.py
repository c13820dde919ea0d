"""Tests of how packages are locked and installed."""
