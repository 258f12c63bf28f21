"""The configuration of a run, composed from YAML files and ``key=value``. The only file that knows Hydra."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vita_dataset.errors import DataError, UsageError

CONFIG_FOLDER = Path(__file__).resolve().parent / "conf"
ROOT = "default_policy"
OPEN_GROUPS = ("task.override_stats", "task.env_kwargs")
"""Groups whose keys are the user's own."""

DEAD = ("ema_power", "policy.observer.", "policy.obs_ae.")
"""Keys, or beginnings of keys, that the original VITA has and never reads."""

_PLACE = "outputs go to <base_dir>/flare_outputs/<task.name>/vita/<session>; set those"
ABSENT: Mapping[str, str] = {
    **dict.fromkeys(("output_dir", "log_dir", "checkpoint_dir", "eval_dir", "val_dir"), _PLACE),
    "scheduler_name": "the learning rate always follows a cosine, so leave it out",
    "debug": "there is no such mode, so leave it out",
    **dict.fromkeys(("policy.runner", "policy.trainer"), "there is one training loop, so leave it out"),
}
"""Keys of the original that mean something there, and what to do without them."""

_PACKAGE = re.compile(r"^\s*#\s*@package\s+(\S+)\s*$", re.MULTILINE)


def compose_config(arguments: Sequence[str]) -> DictConfig:
    """Compose the shipped defaults, the task file and the overrides; interpolations stay as written.

    Args:
        arguments: "key=value", with ``task=`` a shipped name or the path of a YAML file.

    Raises:
        UsageError: an unknown key, a value that cannot be read, or no task.
        DataError: a task file that cannot be read or has unknown keys.
    """
    # A path may hold signs that mean something to Hydra, so it never sees the task's.
    tasks = [argument.removeprefix("task=") for argument in arguments if argument.startswith("task=")]
    if not tasks:
        raise UsageError(
            f"no task was named; add task=<path of a YAML file> or one of task={', '.join(_options('task'))}"
        )
    task = tasks[-1]
    kept = [f"task={_task_option(task)}"]
    overrides = _parse([argument for argument in arguments if not argument.startswith("task=")])
    with _hydra():
        known = set(_leaves(OmegaConf.to_container(compose(ROOT))))
        for text, override in overrides:
            if override.key_or_group == "policy":
                _known_option("policy", str(override.value()))
                kept.append(text)
            else:
                _check_known(override.key_or_group, known)
                # Adding a key and changing it are the same here, because every key exists or is the user's own.
                kept.append(("++" if _is_own(override.key_or_group) else "") + text.lstrip("+"))
        try:
            config = compose(ROOT, overrides=kept)
        except (HydraException, OmegaConfBaseException) as error:
            raise UsageError(f"the settings cannot be combined ({_first_line(error)}); correct the value") from error
    unknown = sorted(set(_leaves(OmegaConf.to_container(config))) - known)
    if unknown:
        raise DataError(f"task '{task}': {'; '.join(_unknown(key, known) for key in unknown)}")
    return config


def resolve(config: DictConfig) -> dict[str, Any]:
    """The configuration as plain values, interpolations replaced.

    Raises:
        UsageError: an interpolation without a value, such as an environment variable that is not set.
    """
    try:
        values = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        # OmegaConf wraps the reason: "KeyError raised while resolving interpolation: <reason>".
        reason = _first_line(error).rpartition("interpolation: ")[2].strip('"')
        raise UsageError(f"the configuration cannot be resolved ({reason}); set what it refers to") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def to_yaml(config: DictConfig) -> str:
    """The configuration as YAML."""
    return OmegaConf.to_yaml(config)


def _parse(arguments: Sequence[str]) -> list[tuple[str, Override]]:
    for argument in arguments:
        if "=" not in argument:
            raise UsageError(f"'{argument}' is no setting; write key=value, as in train.steps=50000")
    try:
        overrides = list(zip(arguments, OverridesParser.create().parse_overrides(list(arguments)), strict=True))
    except HydraException as error:
        raise UsageError(f"a setting cannot be read ({_first_line(error)}); quote values with special signs") from error
    for argument, override in overrides:
        if override.is_delete() or override.is_sweep_override():
            raise UsageError(f"'{argument}' deletes a key or gives several values; write key=value or key=[a,b]")
    return overrides


def _is_own(key: str) -> bool:
    return key.startswith(tuple(f"{group}." for group in OPEN_GROUPS))


def _check_known(key: str, known: set[str]) -> None:
    if key in known or _is_own(key):
        return
    if any(name.startswith(f"{key}.") for name in known):
        raise UsageError(f"'{key}' is a group of keys; write {key}.<key>=value, --cfg job shows them")
    raise UsageError(_unknown(key, known))


def _unknown(key: str, known: set[str]) -> str:
    if key.startswith(DEAD):
        return f"the key '{key}' is unknown; the original never read it either, so leave it out"
    if key in ABSENT:
        return f"the key '{key}' of the original is unknown here; {ABSENT[key]}"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    last = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    hint = (last or near)[:1]
    return f"the key '{key}' is unknown; " + (f"did you mean '{hint[0]}'?" if hint else "see them all with --cfg job")


def _leaves(values: Any, prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and name not in OPEN_GROUPS:
            yield from _leaves(value, f"{name}.")
        else:
            yield name


def _task_option(task: str) -> str:
    """The option of group "task" that a name or path means; a file is made one."""
    path = Path(task).expanduser()
    if task in _options("task"):
        return task
    if path.suffix not in (".yaml", ".yml") and "/" not in task:
        _known_option("task", task)
    try:
        text = path.read_text(encoding="utf-8")
        node = OmegaConf.create(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise DataError(f"the task file '{task}' cannot be read ({_first_line(error)}); give a YAML file") from error
    if not isinstance(node, DictConfig):
        raise DataError(f"the task file '{task}' must hold keys and values; write it like conf/task/*.yaml")
    header = _PACKAGE.search(text)
    ConfigStore.instance().store(
        name="from_file", group="task", node=node, package=header.group(1) if header else "task"
    )
    return "from_file"


def _known_option(group: str, name: str) -> None:
    options = _options(group)
    if name not in options:
        near = difflib.get_close_matches(name, options, n=1)
        own = "give the path of a YAML file to use your own" if group == "task" else "use one of these"
        hint = f"did you mean '{near[0]}'?" if near else own
        raise UsageError(f"{group} '{name}' is not shipped, only {', '.join(options)}; {hint}")


def _options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONFIG_FOLDER / group).glob("*.yaml"))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


@contextmanager
def _hydra() -> Iterator[None]:
    """Hydra over the shipped files, leaving none of its process-wide state behind."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        yield
