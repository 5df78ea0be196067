"""What the program runs on."""

import importlib.metadata
import platform
from typing import Any

import h5py
import numpy as np

from textcnn import __version__
from textcnn.support.threads import processors

PACKAGES = ("numpy", "scipy", "h5py", "scikit-learn", "gensim", "click")


def versions() -> dict[str, str]:
    """Versions by the program's name, of Python and the libraries as well."""
    found = {"textcnn": __version__, "python": platform.python_version()}
    # From their metadata: gensim and scikit-learn take a second to import.
    found |= {name: _version(name) for name in PACKAGES}
    return {**found, "BLAS": _blas(), "HDF5": h5py.version.hdf5_version}


def machine() -> dict[str, Any]:
    """The system, its processors and how fine its numbers are."""
    return {
        "system": platform.platform(),
        "processors": processors(),
        "float32_eps": float(np.finfo(np.float32).eps),
        "float64_eps": float(np.finfo(np.float64).eps),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    """The library that multiplies NumPy's matrices, as NumPy was built with."""
    built = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {}) if built else {}
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
