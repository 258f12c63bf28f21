from setuptools import find_packages, setup

NAME = "ros2cli"

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
    description="Stand-in for ros2cli: the ros2 command with the verbs that this workspace uses",
    license="Apache-2.0",
    entry_points={"console_scripts": ["ros2 = ros2cli.cli:main"]},
)
