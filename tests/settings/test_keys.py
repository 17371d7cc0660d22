"""A setting is one attribute of ``Settings``, from which its key and its default follow."""

from __future__ import annotations

import pytest

from gitver_hooks.settings import Settings
from gitver_hooks.settings.keys import Key, _key
from gitver_hooks.settings.values import TEXT


def is_secret(value: object) -> bool:
    return value == "secret"


def test_an_attribute_makes_a_key() -> None:
    class Own(Settings):
        hair_colour = _key(TEXT, "red", needs_approval=is_secret)
        size = _key(TEXT)

    assert Own.hair_colour.key == Key("hair_colour", TEXT, is_secret)
    assert Own.hair_colour.key.variable == "GITVER_HAIR_COLOUR"
    assert Own.hair_colour.key.git_name == "gitver.hairColour"
    assert (Own().hair_colour, Own().size) == ("red", None)
    assert not Own.size.key.needs_approval("secret")


def test_a_setting_cannot_be_changed() -> None:
    settings = Settings(app="shop")
    with pytest.raises(AttributeError) as caught:
        settings.app = "other"
    assert str(caught.value) == "the setting app cannot be changed"
    assert settings.app == "shop"


def test_values_of_unknown_settings_are_a_bug() -> None:
    with pytest.raises(TypeError) as caught:
        Settings(app="shop", wiat=3, nonsense=1)
    assert str(caught.value) == "no settings: nonsense, wiat"
