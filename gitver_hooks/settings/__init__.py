"""Defines which settings exist, who may set each one, and which value takes effect."""

from gitver_hooks.settings.approval import NotAllowed
from gitver_hooks.settings.keys import SETTINGS_FILE, Settings
from gitver_hooks.settings.load import load_settings, survey_settings
from gitver_hooks.settings.params import flattened_params

__all__ = [
    "SETTINGS_FILE",
    "NotAllowed",
    "Settings",
    "flattened_params",
    "load_settings",
    "survey_settings",
]
