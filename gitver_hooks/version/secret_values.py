"""Secrets in text: API keys, private keys, passwords. Runs in the deliverer, never in a hook.

detect-secrets provides the detectors for formats, for URLs with passwords and for assignments to
names like ``password``, and the filters against false alarms. They are called directly: its own
``scan_line`` calls each through a layer that takes ten times as long. ``key_formats`` adds the
formats that it lacks. Nothing is sent anywhere to verify a finding.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from detect_secrets.filters import heuristic
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import (
    DENYLIST,
    QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
    REGEX_BY_FILETYPE,
    KeywordDetector,
)
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from detect_secrets.util.filetype import determine_file_type

from gitver_hooks.version.key_formats import KEY_FORMATS

# Each detector with a word that must occur in the text, in lower case; empty: any text. The three
# of IBM take 100 times as long as the others.
_DETECTORS: tuple[tuple[str, type[RegexBasedDetector]], ...] = (
    ("", AWSKeyDetector),
    ("://", BasicAuthDetector),
    ("cloudant", CloudantDetector),
    ("", DiscordBotTokenDetector),
    ("ibm", IbmCloudIamDetector),
    ("ibm", IbmCosHmacDetector),
    ("eyj", JwtTokenDetector),
    ("-us", MailchimpDetector),
    ("t3blbkfj", OpenAIDetector),
    ("private key", PrivateKeyDetector),
    ("pypi-", PypiTokenDetector),
    ("softlayer", SoftlayerDetector),
    ("sq0csp-", SquareOAuthDetector),
    ("", TelegramBotTokenDetector),
    ("", TwilioKeyDetector),
)
# Longer lines are searched for assignments in pieces: the time grows with the cube of the length.
_LONGEST_PIECE = 400
_SHORTEST_PASSWORD = 6
_KEYWORD = re.compile("|".join(DENYLIST))
# gitleaks' generic rule: something called a key or a token, assigned a long random value.
_TOKEN = re.compile(
    r"(?:key|token|secret|credential|auth|signature)[\w\]\"'-]{0,20}\s*(?::=|=>|[:=])\s*[\"'`]?"
    r"([\w+/.=-]{20,150})(?=[\"'`\s,;)}]|$)",
    re.IGNORECASE,
)
# Entropy in bits per character: words and identifiers have less, random base 64 has 4 and more.
_RANDOM = 3.7
_PLACEHOLDER = re.compile(
    r"\.\.\.|…|xxx|\*\*\*|your|example|placeholder|redacted|changeme|change[-_]me|dummy|fake|unused"
    r"|some[-_]|insert|replace|hidden|[<>{}$%]|^(?:none|null|true|false|test|secret|password|string)$",
    re.IGNORECASE,
)
# The name of a variable, a parameter or a setting, such as OPENAI_API_KEY or gateway_secret.
_NAME = re.compile(r"[A-Z][A-Z0-9_]*_[A-Z0-9_]*|[a-z]+(?:[_-][a-z]+)+|[a-z]*(?:key|token|secret)")


def find_secret(path: str, text: str) -> str | None:
    """The kind of the first secret found in ``text``, such as ``OpenAI key``; None without one.

    ``path`` decides how assignments are written: ``password: x`` in YAML, ``password = "x"`` in
    source code.
    """
    kind, _ = next(_findings(path, text), (None, ""))
    return kind


def mask_secrets(text: str) -> str:
    """``text`` with each secret in it replaced by ``***``."""
    for _, secret in sorted(_findings("", text), key=lambda finding: -len(finding[1])):
        text = text.replace(secret, "***")
    return text


def _findings(path: str, text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each finding."""
    for key in KEY_FORMATS:
        if key.marker in text:
            yield from ((key.kind, match.group()) for match in key.pattern.finditer(text))
    lower = text.lower()
    for word, detector in _detectors():
        if word in lower:
            for secret in detector.analyze_string(text):
                if not isinstance(detector, BasicAuthDetector) or not _is_placeholder(secret):
                    yield _kind(detector.secret_type), secret
    yield from (("password or key", secret) for secret in _assigned(path, text, lower))


@cache
def _detectors() -> list[tuple[str, RegexBasedDetector]]:
    return [(word, detector()) for word, detector in _DETECTORS]


def _kind(secret_type: str) -> str:
    return {"Basic Auth Credentials": "password in a URL"}.get(secret_type, secret_type)


def _assigned(path: str, text: str, lower: str) -> Iterator[str]:
    """Values assigned to names like ``password``, and random values assigned to ``token``."""
    if not _KEYWORD.search(lower) and not _TOKEN.search(text):
        return
    groups = REGEX_BY_FILETYPE.get(
        determine_file_type(path), QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
    )
    detector = KeywordDetector()
    for line in _pieces(text):
        if _KEYWORD.search(line.lower()) and not heuristic.is_indirect_reference(line):
            for value in detector.analyze_string(line, groups):
                if len(value) >= _SHORTEST_PASSWORD and not _is_placeholder(value):
                    yield value
        for match in _TOKEN.finditer(line):
            if _is_random(match.group(1)) and not _is_placeholder(match.group(1)):
                yield match.group(1)


def _pieces(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        for start in range(0, len(line), _LONGEST_PIECE):
            yield line[start : start + _LONGEST_PIECE]


def _is_placeholder(value: str) -> bool:
    return (
        _PLACEHOLDER.search(value) is not None
        or _NAME.fullmatch(value) is not None
        or heuristic.is_sequential_string(value)
        or heuristic.is_templated_secret(value)
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_potential_uuid(value)
    )


def _is_random(value: str) -> bool:
    has_digit = any(character.isdigit() for character in value)
    has_letter = any(character.isalpha() for character in value)
    if not (has_digit and has_letter):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= _RANDOM
