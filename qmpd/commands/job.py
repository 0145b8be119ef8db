"""qapi/job.json: background jobs. The only ones here create images, and are over soon."""

from __future__ import annotations

from typing import Any

from qmpd import errors
from qmpd.commands.context import Context
from qmpd.model.block.jobs import find_job


def query_jobs(context: Context) -> list[dict[str, Any]]:
    return [job.info() for job in reversed(context.machine.block.jobs.values())]


def job_pause(context: Context, id: str) -> None:
    find_job(context.machine.block, id).refuse("pause")


def job_resume(context: Context, id: str) -> None:
    find_job(context.machine.block, id)
    raise errors.block.job_not_paused()


def job_cancel(context: Context, id: str) -> None:
    find_job(context.machine.block, id).refuse("cancel")


def job_complete(context: Context, id: str) -> None:
    find_job(context.machine.block, id).refuse("complete")


def job_finalize(context: Context, id: str) -> None:
    find_job(context.machine.block, id).refuse("finalize")


def job_dismiss(context: Context, id: str) -> None:
    find_job(context.machine.block, id).dismiss()
