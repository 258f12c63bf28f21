from setuptools import find_packages, setup

PACKAGE = "vita_sim"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed", "models/*.xml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="A simulated arm in MuJoCo: stand-in robot, demonstrations and closed-loop evaluation.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "demonstrate = vita_sim.cli:demonstrate",
            "evaluate = vita_sim.cli:evaluate",
            "sim_robot = vita_sim.sim_robot:main",
            "run_episodes = vita_sim.run_episodes:main",
        ]
    },
)
