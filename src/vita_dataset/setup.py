from setuptools import find_packages, setup

NAME = "vita_dataset"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    package_data={NAME: ["py.typed"]},
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="VITA maintainers",
    maintainer_email="maintainers@vita.example",
    description="LeRobot recordings to verified training sets, and episodes to rosbags",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            f"convert = {NAME}.cli_convert:convert",
            *(f"{command} = {NAME}.cli:{command}" for command in ("inspect", "sample")),
            *(f"{command} = {NAME}.cli_bags:{command}" for command in ("to_bag", "from_bag")),
        ],
        "zarr.codecs": [f"{NAME}.jpeg = {NAME}.jpeg_zarr_codec:JpegCodec"],
    },
)
