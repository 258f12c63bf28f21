from setuptools import find_packages, setup

package_name = "vita_policy_node"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="The policy node: camera frames and joint states in, safe arm commands out; and its offline replay",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "policy_node = vita_policy_node.policy_node:main",
            "replay = vita_policy_node.cli:main",
        ],
    },
)
