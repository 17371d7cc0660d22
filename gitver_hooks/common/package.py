"""Tells where this package is installed (standard library only)."""

from __future__ import annotations

import os

# The folder of the package itself, and the one to put on sys.path to import it from there.
PACKAGE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IMPORT_DIR = os.path.dirname(PACKAGE_DIR)
