from __future__ import annotations

import os
import random

# Before rclpy starts: a domain of its own for this process, so that nothing else on the machine is heard.
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 230))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
