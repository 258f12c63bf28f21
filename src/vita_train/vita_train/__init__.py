"""Training of VITA on converted datasets; ``vita_train.policy`` is the part that also serves."""
