"""Stand-in for ``ros2 bag`` over the rosbags library: record, play and info of sqlite3 and mcap bags."""
