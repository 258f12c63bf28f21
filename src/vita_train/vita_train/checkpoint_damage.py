"""Whether a checkpoint is whole on disk: told in milliseconds by its lengths, or for certain by reading all of it."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

from vita_train.policy.checkpoint import CONFIG_FILE
from vita_train.policy.weights import WEIGHTS_FILE
from vita_train.session import Session
from vita_train.training_state import FILE as STATE_FILE
from vita_train.training_state import broken_checksum


def damage(folder: Path) -> str | None:
    """What keeps a run from going on from a checkpoint: a file that is missing or was cut off.

    Returns:
        The reason, None when the checkpoint is whole.
    """
    try:
        json.loads((folder / CONFIG_FILE).read_bytes())
        if not _is_whole_safetensors(folder / WEIGHTS_FILE):
            return f"{WEIGHTS_FILE} was cut off"
        # The directory of a zip file is its end.
        if not zipfile.is_zipfile(folder / STATE_FILE):
            return f"{STATE_FILE} was cut off" if (folder / STATE_FILE).exists() else f"{STATE_FILE} is missing"
    except OSError as error:
        return f"{Path(error.filename or folder).name}: {error.strerror}"
    except zipfile.BadZipFile as error:
        return f"{STATE_FILE} cannot be read ({error})"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"a file is not what it must be ({error})"
    return None


def thorough_damage(folder: Path) -> str | None:
    """The same, and bytes that are not those that were written. Reads the whole checkpoint.

    Returns:
        The reason, None when the checkpoint is whole.
    """
    reason = damage(folder)
    if reason is not None:
        return reason
    try:
        name = broken_checksum(folder)
    except OSError as error:
        return f"{Path(error.filename or folder).name}: {error.strerror}"
    except (
        *(zipfile.BadZipFile, pickle.UnpicklingError, EOFError, NotImplementedError),
        *(RuntimeError, ValueError, KeyError, TypeError, AttributeError),
    ) as error:
        return f"{STATE_FILE} cannot be read ({type(error).__name__})"
    return None if name is None else f"{name} was changed or damaged, its checksum is another one"


def _is_whole_safetensors(path: Path) -> bool:
    """The file says in its header how long it is: 8 bytes of length, that much JSON, then the tensors."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        if size < 8 + header_size:
            return False
        header = json.loads(file.read(header_size))
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    return bool(size == 8 + header_size + end)


def newest_whole(session: Session) -> int | None:
    """The step of the newest checkpoint that is whole, None where there is none."""
    whole = (step for step in reversed(session.saved_steps()) if damage(session.checkpoint(step)) is None)
    return next(whole, None)
