"""The project's own promises: what a wheel will hold, and that the names in its metadata exist."""

from __future__ import annotations

import importlib
import os
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_what_a_wheel_includes_by_force_exists() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"schema": "qmpd/_schema"}
    assert list((ROOT / "schema").glob("*.json"))


@pytest.mark.parametrize("name", PROJECT["project"]["scripts"])
def test_a_command_leads_to_a_function(name: str) -> None:
    module, _, function = PROJECT["project"]["scripts"][name].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_each_dependency_has_its_reason() -> None:
    optional = PROJECT["project"]["optional-dependencies"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(name for names in optional for name in names)]
    documented = (ROOT / "docs/dependencies.md").read_text()
    for requirement in wanted:
        name = re.split(r"[<>=]", requirement)[0]
        assert f"| `{name}` |" in documented


def test_make_help_names_each_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## ", makefile, re.M), target


@pytest.mark.parametrize("script", [".ci/run", ".ci/peers"])
def test_scripts_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text().startswith("#!/bin/bash\n")
