from pathlib import Path

from setuptools import setup

package_name = "vita_bringup"

setup(
    name=package_name,
    version="0.1.0",
    packages=[],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
        ("share/" + package_name + "/launch", [str(file) for file in Path("launch").glob("*.launch.py")]),
        ("share/" + package_name + "/config", [str(file) for file in Path("config").glob("*.yaml")]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="Launch files and robot files: a policy on a robot, and a recording through a policy",
    license="Apache-2.0",
)
