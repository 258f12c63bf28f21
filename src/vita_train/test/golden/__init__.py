"""Numbers that the published VITA code computed, and what is needed to compute them again."""
