"""Tests of the core: the rules without I/O, and the engine against real servers."""
