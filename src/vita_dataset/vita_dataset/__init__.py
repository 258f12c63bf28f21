"""From LeRobot recordings and rosbags to a verified training set, and back."""
