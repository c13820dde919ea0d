"""Tests without a server: values in, values out; all of them take seconds."""
