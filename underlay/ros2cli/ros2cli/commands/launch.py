"""``ros2 launch``: run a Python launch file of a package, or at a path."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError, not_covered
from ros2cli.output import say
from ros2cli.packages import share_of


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-n", "--noninteractive", action="store_true", help="no terminal is attached")
    parser.add_argument("-d", "--debug", action="store_true", help="log what the launch system does")
    parser.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", help="show the arguments of the launch file"
    )
    parser.add_argument("package_name", help="a package, or the path of a launch file")
    parser.add_argument("launch_file_name", nargs="?", help="name of the launch file in the package")
    parser.add_argument("launch_arguments", nargs="*", help="<name>:=<value>")


def find_launch_file(package: str, name: str) -> Path:
    """Return the launch file of a name below a package's share folder. Raises CliError when there is not one."""
    share = share_of(package)
    matches = sorted(path for path in share.rglob(name) if path.is_file())
    if not matches:
        raise CliError(
            f"file '{name}' was not found in the share directory of package '{package}' which is at '{share}'"
        )
    if len(matches) > 1:
        listed = ", ".join(map(str, matches))
        raise CliError(
            f"file '{name}' was found more than once in the share directory of package '{package}': {listed}"
        )
    return matches[0]


def parse_arguments(arguments: list[str]) -> list[tuple[str, str]]:
    """Split ``name:=value`` arguments; of a repeated name the last counts. Raises CliError for a malformed one."""
    parsed: dict[str, str] = {}
    for argument in arguments:
        name, separator, value = argument.partition(":=")
        if not (separator and name):
            raise CliError(f"malformed launch argument '{argument}', expected format '<name>:=<value>'")
        parsed[name] = value
    return list(parsed.items())


def _main(args: Namespace) -> int:
    path = Path(args.package_name)
    arguments = list(args.launch_arguments)
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
    service = LaunchService(argv=arguments, noninteractive=args.noninteractive, debug=args.debug)
    if args.show_args:
        _show(source.get_launch_description(service.context))
        return 0
    include = IncludeLaunchDescription(source, launch_arguments=parsed)
    service.include_launch_description(LaunchDescription([include]))
    return int(service.run())


def _show(description: LaunchDescription) -> None:
    say("Arguments (pass arguments as '<name>:=<value>'):")
    declared = description.get_launch_arguments()
    if not declared:
        say("\n  No arguments.")
    for argument in declared:
        say(f"\n    '{argument.name}':\n        {argument.description}")
        if argument.default_value is not None:
            say(f"        (default: {' + '.join(part.describe() for part in argument.default_value)})")


COMMAND = Command("ros2launch", "Run a launch file", Verb("Run a launch file", _arguments, _main))
