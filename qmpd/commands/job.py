"""qapi/job.json: background jobs, of whatever kind."""

from __future__ import annotations

from typing import Any

from qmpd.commands.context import Context
from qmpd.model.block.jobs import find_job


def query_jobs(context: Context) -> list[dict[str, Any]]:
    return [job.info() for job in reversed(context.machine.block.jobs.values())]


def job_pause(context: Context, id: str) -> None:
    find_job(context.machine.block, id).pause()


def job_resume(context: Context, id: str) -> None:
    find_job(context.machine.block, id).resume()


def job_cancel(context: Context, id: str) -> None:
    find_job(context.machine.block, id).cancel(force=True)


def job_complete(context: Context, id: str) -> None:
    find_job(context.machine.block, id).complete()


def job_finalize(context: Context, id: str) -> None:
    find_job(context.machine.block, id).finalize()


def job_dismiss(context: Context, id: str) -> None:
    find_job(context.machine.block, id).dismiss()
