"""Lists formats of API keys and tokens that detect-secrets does not know, or knows in part.

Each format has the name of its kind, a string that every key of that kind contains (searched first
because that is fast), and a pattern. Sources: the providers' documentation and gitleaks' rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class KeyFormat(NamedTuple):
    """One format; ``marker`` is empty if no string occurs in all keys of this kind."""

    kind: str
    marker: str
    pattern: re.Pattern[str]


def _format(kind: str, marker: str, pattern: str) -> KeyFormat:
    return KeyFormat(kind, marker, re.compile(pattern))


KEY_FORMATS = (
    _format("private key", "PRIVATE KEY", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
    _format("private key", "PuTTY-User-Key-File", r"PuTTY-User-Key-File-\d"),
    _format("private key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    # The middle of a key in PEM format: a diff may show it without the line that begins the key.
    _format(
        "private key",
        "",
        r"(?<![\w+/])(?=[+/\w]*[g-z])(?=[+/\w]*[G-Z])(?:[A-Za-z0-9+/]{64}(?:\\n)?[\"',]*\n[\"'\s]*){2}",
    ),
    _format("Anthropic key", "sk-ant-", r"sk-ant-[a-z0-9]+-[\w-]{20,}"),
    _format("OpenAI key", "sk-", r"(?<![\w-])sk-(?:proj|svcacct|admin|None)-[\w-]{16,}"),
    _format("OpenAI key", "sk-", r"(?<![\w-])sk-(?=[a-zA-Z]*\d)[a-zA-Z0-9]{20,}"),
    _format("API key", "sk-", r"(?<![\w-])sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{24,}"),
    _format("Google API key", "AIza", r"(?<![\w-])AIza[\w-]{35}"),
    _format("Google OAuth secret", "GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    _format("Google OAuth token", "ya29.", r"(?<!\w)ya29\.[\w-]{20,}"),
    _format("Google OAuth token", "1//0", r"(?<!\w)1//0[\w-]{40,}"),
    _format("Google service account", "private_key_id", r'"private_key_id"\s*:\s*"[0-9a-f]{20,}"'),
    _format("Azure key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{20,}={0,2}"),
    _format("Azure key", "SharedAccessKey=", r"SharedAccessKey=[A-Za-z0-9+/]{20,}={0,2}"),
    _format("Azure key", "==", r"(?<![A-Za-z0-9+/-])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),
    _format("Azure key", "JQQJ99", r"(?<![A-Za-z0-9])[A-Za-z0-9]{40,}JQQJ99[A-Za-z0-9]{20,}"),
    _format("Azure client secret", "Q~", r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])"),
    _format("Azure signature", "sig=", r"[?&;]sig=[A-Za-z0-9%+/]{40,}"),
    _format(
        "AWS secret key",
        "",
        r"(?i)aws.{0,20}(?:secret|key).{0,20}?[=:]\s*['\"]?(?=\S*\d)[a-z0-9/+]{40}(?![a-z0-9/+=])",
    ),
    _format("AWS Bedrock key", "ABSK", r"(?<!\w)ABSK[A-Za-z0-9+/]{100,}"),
    _format("GitHub token", "github_pat_", r"github_pat_\w{22,}"),
    _format("GitHub token", "gh", r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{30,}"),
    _format("GitLab token", "gl", r"(?<!\w)gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas)-[\w-]{20,}"),
    _format("Slack token", "xox", r"(?<![\w-])xox[abceoprs](?:\.xox[bp])?-(?=[\w-]*\d)[\w-]{10,}"),
    _format("Slack token", "xapp-", r"(?<!\w)xapp-\d-[\w-]{20,}"),
    _format("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/\w+/T\w+/[\w/]{16,}"),
    _format("Stripe key", "k_", r"(?<![A-Za-z0-9])[rs]k_(?:live|test|prod)_[0-9a-zA-Z]{16,}"),
    _format("Stripe webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _format("JSON Web Token", "eyJ", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _format("Hugging Face token", "hf_", r"(?<!\w)hf_[A-Za-z0-9]{30,}"),
    _format("Databricks token", "d", r"(?<!\w)d(?:api|kea|ose|sap)[0-9a-f]{32}"),
    _format("LangSmith key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}"),
    _format("Langfuse key", "sk-lf-", r"sk-lf-[0-9a-f-]{36}"),
    _format("Groq key", "gsk_", r"(?<!\w)gsk_[A-Za-z0-9]{40,}"),
    _format("xAI key", "xai-", r"(?<![\w-])xai-[A-Za-z0-9]{60,}"),
    _format("Replicate token", "r8_", r"(?<!\w)r8_[A-Za-z0-9]{35,}"),
    _format("Perplexity key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    _format("Tavily key", "tvly-", r"(?<![\w-])tvly-(?=[\w-]*\d)[\w-]{20,}"),
    _format("Pinecone key", "pcsk_", r"pcsk_\w{40,}"),
    _format("NVIDIA key", "nvapi-", r"nvapi-[\w-]{50,}"),
    _format("Weights & Biases key", "wandb_v1_", r"wandb_v1_\w{40,}"),
    _format("npm token", "npm_", r"(?<!\w)npm_[A-Za-z0-9]{36}"),
    _format("PyPI token", "pypi-", r"pypi-AgE[\w-]{50,}"),
    _format("DigitalOcean token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _format("Shopify token", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _format("Linear key", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
    _format("Notion token", "ntn_", r"(?<!\w)ntn_[A-Za-z0-9]{40,}"),
    _format("Grafana token", "gl", r"(?<!\w)gl(?:sa|c)_[A-Za-z0-9+/_=]{32,}"),
    _format("New Relic key", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _format("Doppler token", "dp.", r"(?<![\w.])dp\.(?:pt|st|sa|ct|scim|audit)\.[\w.-]{40,}"),
    _format("Vault token", "hv", r"(?<!\w)hv[sbr]\.[\w-]{24,}"),
    _format("Supabase key", "sb", r"(?<!\w)sb(?:p_[0-9a-f]{40}|_secret_[\w-]{20,})"),
    _format("Atlassian token", "ATATT3", r"ATATT3[\w=-]{100,}"),
    _format("Sentry token", "sntr", r"(?<!\w)sntr(?:ys|yu)_[\w+/=]{40,}"),
    _format("SendGrid key", "SG.", r"(?<!\w)SG\.[\w-]{16,}\.[\w-]{30,}"),
)
