"""When two frame rates are the same."""

FPS_TOLERANCE = 0.01
"""Frame rates closer than this [Hz] are the same rate written with different digits."""
