"""Tests without a server: values in, values out; the whole room takes seconds."""
