"""The support console: pages drawn by the service, which read and act without any script."""
