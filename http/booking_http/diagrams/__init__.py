"""The diagrams reviewers read, drawn from the flow and the saga and from nothing else."""

from booking_http.diagrams.files import draw_all, stale, write

__all__ = ["draw_all", "stale", "write"]
