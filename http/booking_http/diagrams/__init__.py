"""The diagrams reviewers read, drawn from the flow and the saga and from nothing else."""
