from setuptools import find_packages, setup

NAME = "rosbag2"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    package_data={"": ["py.typed"]},
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="Stand-in for rosbag2: ros2 bag record, play and info over the rosbags library",
    license="Apache-2.0",
)
