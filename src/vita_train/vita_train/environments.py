"""Opens an environment by name and checks that a policy can act in it. Only then gymnasium is imported."""

from __future__ import annotations

import difflib
import importlib
from contextlib import suppress
from typing import Any

from vita_dataset.errors import DataError, UsageError
from vita_train.environment_layout import Needs, find_layout
from vita_train.online_settings import EnvironmentSettings
from vita_train.task_environment import TaskEnvironment, foreign


def open_environment(settings: EnvironmentSettings, needs: Needs) -> TaskEnvironment:
    """Open an environment and check that a policy can act in it.

    Args:
        settings: which one.
        needs: of the policy.

    Raises:
        UsageError: gymnasium or the package is not installed, or there is no such environment.
        DataError: it cannot be made, or it does not fit; lists everything that does not.
    """
    try:
        gymnasium = importlib.import_module("gymnasium")
    except ImportError as error:
        raise UsageError(
            f"the environment '{settings.name}' needs gymnasium, which is not installed; pip install gymnasium"
        ) from error
    identity = _find(gymnasium, settings)
    with foreign(settings.name, f"at gymnasium.make with task.env_kwargs {dict(settings.kwargs)}"):
        env = gymnasium.make(identity, disable_env_checker=True, **settings.kwargs)
    try:
        layout, problems = find_layout(env, needs)
        if problems:
            raise DataError(
                f"the environment '{settings.name}' does not fit the policy: {'; '.join(problems)}; give "
                "task.env_kwargs that make it fit, or the task of its demonstrations"
            )
    except BaseException:
        with foreign(settings.name, "while closing"):
            env.close()
        raise
    return TaskEnvironment(env, layout, settings.name)


def check_environment(settings: EnvironmentSettings, needs: Needs) -> None:
    """Open an environment, begin an episode, see that it tells of success, and close it.

    Raises:
        UsageError: see ``open_environment``.
        DataError: see there, or it does not say whether an episode is a success.
    """
    opened = open_environment(settings, needs)
    try:
        opened.probe()
    finally:
        opened.close()


def _find(gymnasium: Any, settings: EnvironmentSettings) -> str:
    """The id under which gymnasium knows the environment."""
    if settings.package is not None:
        try:
            importlib.import_module(settings.package)
        except ImportError as error:
            raise UsageError(
                f"task.env_package '{settings.package}' cannot be imported ({error}); install it, or correct the name"
            ) from error
        except Exception as error:
            raise DataError(
                f"importing task.env_package '{settings.package}' failed ({type(error).__name__}: {error}); mend it"
            ) from error
    candidates = [settings.name, f"{settings.package}/{settings.name}"][: 1 if settings.package is None else 2]
    for candidate in candidates:
        with suppress(gymnasium.error.Error):
            return str(gymnasium.spec(candidate).id)
    known = list(gymnasium.registry)
    own = [name for name in known if settings.package is not None and name.startswith(f"{settings.package}/")]
    near = own or difflib.get_close_matches(settings.name, known, n=3)
    raise UsageError(
        f"gymnasium knows no environment '{settings.name}'"
        + (f" after importing '{settings.package}'" if settings.package else "")
        + (f", but {', '.join(near)}" if near else "")
        + "; correct task.env_name, or name in task.env_package the package that registers it"
    )
