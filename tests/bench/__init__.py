"""Measurements: what the service itself costs, in ratios that hold on any machine."""
