"""``ros2 service call``."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

import yaml

from ros2cli.command import Command, Verb
from ros2cli.errors import CliError
from ros2cli.interfaces import build, interface_class
from ros2cli.node import absolute, call, cli_node
from ros2cli.output import say


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("service_name", help="for example /vita_policy/start")
    parser.add_argument("service_type", help="for example std_srvs/srv/Trigger")
    parser.add_argument("values", nargs="?", default="{}", help="fields of the request in YAML, for example '{a: 1}'")
    parser.add_argument("-r", "--rate", metavar="N", type=float, help="repeat the call N times a second")


def _main(args: Namespace) -> int:
    service = interface_class(args.service_type, "srv")
    try:
        values = yaml.safe_load(args.values)
    except yaml.YAMLError as error:
        raise CliError(f"The passed value is no YAML: {args.values!r}") from error
    if not isinstance(values, dict):
        raise CliError("The passed value needs to be a dictionary in YAML format")
    if args.rate is not None and args.rate <= 0:
        raise CliError(f"--rate must be above 0, not {args.rate}", 2)
    request = build(service.Request, values)
    name = absolute(args.service_name)
    with cli_node() as node:
        if name not in dict(node.get_service_names_and_types()):
            say("waiting for service to become available...")
        while True:
            say(f"requester: making request: {request!r}\n")
            say(f"response:\n{call(node, service, name, request)!r}\n")
            if args.rate is None:
                return 0
            time.sleep(1 / args.rate)
    return 1


COMMAND = Command("ros2service", "Call services", {"call": Verb("Call a service", _arguments, _main)})
