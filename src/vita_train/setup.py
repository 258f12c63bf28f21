from setuptools import find_packages, setup

PACKAGE = "vita_train"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed", "conf/*.yaml", "conf/*/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="Training of VITA (vision-to-action flow matching) on converted datasets, and the policy that serves.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["train = vita_train.cli:main", "evaluate = vita_train.cli_evaluate:main"],
    },
)
