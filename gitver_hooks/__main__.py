"""``python -m gitver_hooks`` is ``gitver``."""

import sys

from gitver_hooks.cli import main

sys.exit(main())
