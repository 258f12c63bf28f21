"""Converts to a URL: into a local folder first, which is uploaded when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from vita_dataset.conversion import Conversion, describe_result, run_conversion
from vita_dataset.conversion_plan import ConversionPlan
from vita_dataset.errors import DataError, UsageError
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import locked
from vita_dataset.remote_folder import shown
from vita_dataset.upload import upload
from vita_dataset.zarr_store import is_converted, open_dataset


@dataclass(frozen=True)
class RemoteOutput:
    """The training sets at a URL.

    Attributes:
        root: the URL under which they live.
    """

    root: str

    @property
    def staging(self) -> Path:
        """Where they are made: a folder among the temporary files ($TMPDIR), the same one each time."""
        mark = hashlib.sha256(self.root.encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"vita_convert_{os.getuid()}" / mark

    def url(self, repo_id: str) -> str:
        """Where a dataset lives."""
        return f"{self.root.rstrip('/')}/{repo_id}"

    def convert(
        self,
        plan: ConversionPlan,
        *,
        workers: int = 1,
        scheduler: str | None = None,
        overwrite: bool = False,
        resume: bool = False,
        on_progress: Progress = no_progress,
        on_upload: Progress = no_progress,
    ) -> Conversion:
        """Convert as planned and upload the result.

        Arguments are those of ``run_conversion``, and ``on_upload``, called with (files there, files in all). Where the
        upload fails, the result stays in ``staging``, and ``resume`` uploads it.

        Raises:
            UsageError: there is a dataset already and no ``overwrite``; and as ``run_conversion``.
            DataError: the URL cannot be written, another process of this machine does; and as ``run_conversion``.
        """
        url = self.url(plan.spec.repo_id)
        if is_converted(url) and not overwrite:
            raise UsageError(f"'{shown(url)}' exists; add --overwrite to replace it, or choose another name")
        with locked(plan.output.with_name(f"{plan.output.name}.upload")):  # another one would remove what goes up
            result = self._made_before(plan) if resume else None
            if result is None:
                shutil.rmtree(plan.output, ignore_errors=True)
                result = run_conversion(
                    plan,
                    workers=workers,
                    scheduler=scheduler,
                    overwrite=overwrite,
                    resume=resume,
                    on_progress=on_progress,
                )
            try:
                upload(result.output, url, overwrite=overwrite, on_progress=on_upload)
            except DataError as error:
                raise DataError(
                    f"{error}; the training set itself is whole in '{result.output}': the same command with --resume "
                    "uploads it"
                ) from error
            shutil.rmtree(result.output)
        return result

    def _made_before(self, plan: ConversionPlan) -> Conversion | None:
        """The same dataset, whole, from a run whose upload failed."""
        if not is_converted(plan.output):
            return None
        recorded = replace(plan.spec.source, fingerprint=plan.source.fingerprint())
        if open_dataset(plan.output).spec != replace(plan.spec, source=recorded):
            return None
        return describe_result(plan.output)
