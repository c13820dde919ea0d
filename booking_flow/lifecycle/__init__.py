"""What happens to a session beside its steps: edits, deadlines, cancellation, payments by hand."""
