"""Tests of the booking service, laid out like the folders they test."""
