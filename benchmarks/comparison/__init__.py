"""VITA beside its variants and two plain policies, trained and tried under the same conditions (see ``__main__``)."""

import os

# Torch reads it when it is first imported. Its waiting threads would spin, and keep other trials and the renderer off
# the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
