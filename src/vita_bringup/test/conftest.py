"""The recordings and checkpoints of these tests are those that the policy node's tests make."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "vita_policy_node" / "test"))
