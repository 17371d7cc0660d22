"""Finds secrets in text: API keys, private keys, passwords. Runs in the deliverer, not in hooks.

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
from detect_secrets.plugins.keyword import (
    DENYLIST,
    FOLLOWED_BY_QUOTES_AND_SEMICOLON_REGEX,
    QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
    REGEX_BY_FILETYPE,
    KeywordDetector,
)
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from detect_secrets.util.filetype import FileType, determine_file_type

from gitver_hooks.version.key_formats import KEY_FORMATS

# Each detector with a word that must occur in the text, in lower case; empty: any text. The three
# of IBM take 100 times as long as the others. Those for OpenAI's keys and for JSON Web Tokens are
# left out: their time grows with the square of the length, and KEY_FORMATS has both.
_DETECTORS: tuple[tuple[str, type[RegexBasedDetector]], ...] = (
    ("", AWSKeyDetector),
    ("://", BasicAuthDetector),
    ("cloudant", CloudantDetector),
    ("", DiscordBotTokenDetector),
    ("ibm", IbmCloudIamDetector),
    ("ibm", IbmCosHmacDetector),
    ("-us", MailchimpDetector),
    ("private key", PrivateKeyDetector),
    ("pypi-", PypiTokenDetector),
    ("softlayer", SoftlayerDetector),
    ("sq0csp-", SquareOAuthDetector),
    ("", TelegramBotTokenDetector),
    ("", TwilioKeyDetector),
)
# Longer lines are searched for assignments in pieces that overlap. The time for a piece grows with
# its length and with the number of words like "password": a piece with more than so many is a
# finding by itself, because only text that is meant to take long contains them.
_LONGEST_PIECE = 400
_OVERLAP = 100
_MOST_KEYWORDS = 8
_SHORTEST_PASSWORD = 6
_KEYWORD = re.compile("|".join(DENYLIST))
# Two patterns of detect-secrets, written so that their time does not grow with the cube of the
# length: `secret "value";`, and `secret = get_secret()`, which is no secret.
_QUOTED = re.compile(
    rf"(?:{'|'.join(DENYLIST)})\w*[^\s\w]{{0,3}}\s{{0,3}}([\"'`])(\w[^\v'\"]*[^\v,'\"`])\1;",
    re.IGNORECASE,
)
_INDIRECT = re.compile(r"(?::=?|[!=]{1,3})\s*[\w.-]+[\[(][^\v]*[\])]")
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


@cache
def _keyword_detector() -> KeywordDetector:
    return KeywordDetector()


def _kind(secret_type: str) -> str:
    return {"Basic Auth Credentials": "password in a URL"}.get(secret_type, secret_type)


def _assigned(path: str, text: str, lower: str) -> Iterator[str]:
    """Values assigned to names like ``password``, and random values assigned to ``token``."""
    if not _KEYWORD.search(lower) and not _TOKEN.search(text):
        return
    groups = _groups(determine_file_type(path))
    for line in _pieces(text):
        yield from _passwords(line, groups)
        for match in _TOKEN.finditer(line):
            if _is_random(match.group(1)) and not _is_placeholder(match.group(1)):
                yield match.group(1)


def _passwords(line: str, groups: dict[re.Pattern[str], int]) -> Iterator[str]:
    """Values assigned to names like ``password``; the whole line if it has very many of these."""
    keywords = len(_KEYWORD.findall(line.lower()))
    if keywords > _MOST_KEYWORDS:
        yield line
    elif keywords and not _INDIRECT.search(line):
        for value in _keyword_detector().analyze_string(line, groups):
            if len(value) >= _SHORTEST_PASSWORD and not _is_placeholder(value):
                yield value


@cache
def _groups(file_type: FileType) -> dict[re.Pattern[str], int]:
    """The patterns of assignments in such a file, each with the group that is the value."""
    groups = REGEX_BY_FILETYPE.get(file_type, QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)
    if FOLLOWED_BY_QUOTES_AND_SEMICOLON_REGEX not in groups:
        return groups
    other_groups = {
        pattern: group
        for pattern, group in groups.items()
        if pattern is not FOLLOWED_BY_QUOTES_AND_SEMICOLON_REGEX
    }
    return {**other_groups, _QUOTED: 2}


def _pieces(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        for start in range(0, max(len(line) - _OVERLAP, 1), _LONGEST_PIECE - _OVERLAP):
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
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _RANDOM
