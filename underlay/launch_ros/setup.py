from setuptools import find_packages, setup

package_name = "launch_ros"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={"": ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="Stand-in for ROS 2's launch_ros, for machines that have no ROS 2",
    license="Apache-2.0",
)
