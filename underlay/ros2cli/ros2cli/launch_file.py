"""``ros2 launch``: run a Python launch file of a package, or at a path."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ros2cli.command import CliError, Commands, Verb, argument, not_covered, say
from ros2cli.packages import prefix_of


def find_launch_file(package: str, name: str) -> Path:
    """Return the launch file of a name below a package's share folder. Raises CliError when there is not one."""
    share = prefix_of(package) / "share" / package
    matches = sorted(path for path in share.rglob(name) if path.is_file())
    if len(matches) != 1:
        found = f"found more than once ({', '.join(map(str, matches))})" if matches else "not found"
        raise CliError(f"file '{name}' was {found} in the share directory of package '{package}' which is at '{share}'")
    return matches[0]


def parse_arguments(arguments: list[str]) -> dict[str, str]:
    """Split ``name:=value`` arguments; of a repeated name the last counts. Raises CliError for a malformed one."""
    parsed = {}
    for text in arguments:
        name, separator, parsed[name] = text.partition(":=")
        if not (separator and name):
            raise CliError(f"malformed launch argument '{text}', expected format '<name>:=<value>'")
    return parsed


def _launch(args: Namespace) -> int:
    """Run a launch file."""
    path = Path(args.package_name)
    arguments: list[str] = args.launch_arguments
    if path.is_file():
        arguments = [args.launch_file_name, *arguments] if args.launch_file_name else arguments
    elif args.launch_file_name is None:
        raise CliError(f"'{path}' is no launch file, and a package needs the name of one after it", 2)
    else:
        path = find_launch_file(args.package_name, args.launch_file_name)
    if path.suffix != ".py":
        raise not_covered(f"'{path}' (a launch file that is not Python)", f"launch_{path.suffix.lstrip('.')}")
    parsed = parse_arguments(arguments)
    source = PythonLaunchDescriptionSource(str(path))
    service = LaunchService(argv=arguments)
    if not args.show_args:
        include = IncludeLaunchDescription(source, launch_arguments=parsed.items())
        service.include_launch_description(LaunchDescription([include]))
        return int(service.run())
    declared = source.get_launch_description(service.context).get_launch_arguments()
    say("Arguments (pass arguments as '<name>:=<value>'):" + ("" if declared else "\n\n  No arguments."))
    for one in declared:
        say(f"\n    '{one.name}':\n        {one.description}")
        if one.default_value is not None:
            say(f"        (default: {' + '.join(part.describe() for part in one.default_value)})")
    return 0


COMMANDS: Commands = {
    "launch": Verb(
        _launch,
        argument("-s", "--show-args", action="store_true", help="show the arguments of the launch file"),
        argument("package_name", help="a package, or the path of a launch file"),
        argument("launch_file_name", nargs="?", help="name of the launch file in the package"),
        argument("launch_arguments", nargs="*", help="<name>:=<value>"),
    )
}
