"""Tests of the simulated supplier, over real HTTP."""
