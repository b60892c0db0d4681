"""Keys, tokens and passwords that a text gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.privacy.spans import Span

_KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![\w-])(?:"
    r"sk-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic, OpenRouter
    r"|[sprk]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}"  # Stripe
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"  # AWS
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}"  # Google
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}"  # Slack
    r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,}|dckr_pat_[\w-]{20,}|dop_v1_[a-f0-9]{64}"
    r"|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}(?![0-9a-f])"
    r"|gsk_[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,}|GOCSPX-[\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{50,}|lin_api_[A-Za-z0-9]{30,}"
    r"|glsa_[A-Za-z0-9]{20,}_[0-9a-f]{8}|xkeysib-[0-9a-f]{40,}-\w+|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|ATATT3x[\w=-]{50,}"
    r"|tskey-[a-z]+-[A-Za-z0-9-]{16,}|\d{8,10}:AA[\w-]{33}(?![\w-])"  # …, Telegram
    r"|T(?<=hooks\.slack\.com/services/T)\w{6,}/B\w{6,}/\w{16,}|\d(?<=/api/webhooks/\d)\d{14,19}/[\w-]{40,}"  # Discord
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # JSON web token
    r")",
)
_CREDENTIALS = re.compile(r"(?<=://)(?P<secret>[^\s/:@]{0,64}:[^\s/@]{1,128})(?=@)")
"""Users are people as often as not, so both go."""
_QUERY = re.compile(
    r"[?&;](?:[\w-]{0,40}[_-])?(?:token|api-?key|key|secret|sig|signature|password|passwd|pwd)="
    r"(?P<secret>[^\s&#\"'`<>,;()\[\]]{6,400})",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,24}[_-]){0,4}"
    r"(?:(?:api|access|secret|account|auth|encryption|private|signing|shared|master|session)[_-]?key|pass(?:word|wd)?|"
    r"pwd|pw|secret|token)[\"']?\s?(?::|:?=|=>)\s?[\"'`]?"
    r"(?P<secret>(?=[^\s\"']{0,399}\d)[A-Za-z0-9+/_!#$%^&*~-]{12,400}={0,2})(?![\w(\[]|\.\w)",
    re.IGNORECASE,
)
"""As settings and programs write it: DB_PASSWORD=…, "SECRET_TOKEN": "…", AccountKey=…. Neither a call nor a path."""
_VALUE = re.compile(r"[:=]>?\s?[\"'`]?[A-Za-z0-9+/_!#$%^&*~-]{12}")
_BASIC = re.compile(r"(?i:authorization: ?basic) (?P<secret>[A-Za-z0-9+/]{8,400}={0,2})")
# "password: x", "api_key=x", no file "password_store". What follows must look like a secret, not like the next word.
_NAMED = re.compile(
    r"(?<![\w-])(?:pass(?:word|phrase|code|wd)|passwort|kennwort|mot de passe|contraseña|wachtwoord|senha|pwd|pw|"
    r"api[ _-]?key|secret(?:[ _-]?key)?|access[ _-]?(?:key|token)|auth[ _-]?token|client[ _-]?secret|bearer|"
    r"private[ _-]?key)"
    r"(?=[\s\"'`:=])[\"']?\s*(?:is|ist|lautet|est|es|é|:|=|:=|=>)?\s*[\"'`]?(?P<secret>(?![:=])[^\s\"'`<>,;]{6,400})",
    re.IGNORECASE,
)
_PIN = re.compile(
    r"\b(?:PIN|CVV2?|CVC2?|TAN|OTP|one[- ]time (?:code|password)|security code|verification code)\b"
    r"(?: (?:code|number))?\s*(?:is|was|:|=)?\s*(?P<secret>\d{3,8})\b"
    r"(?! ?(?:times|days|hours|minutes|attempts|digits?|%|x))",
    re.IGNORECASE | re.ASCII,
)


def secrets(text: str) -> Iterator[Span]:
    """Keys by their vendor's form; passwords, tokens and PINs by the word before them."""
    for match in _KEYS.finditer(text):
        yield Span("secret", match.start(), match.end(), match.group())
    known: list[tuple[int, int]] = []
    assigned, basic = [_ASSIGNED] * bool(_VALUE.search(text)), [_BASIC] * ("asic " in text)
    for pattern in (_CREDENTIALS, _QUERY, _NAMED, *assigned, *basic, _PIN):
        for match in pattern.finditer(text):
            start = match.start("secret")
            piece = match.group("secret").rstrip("" if pattern is _CREDENTIALS else ".!?):")
            if pattern in (_QUERY, _NAMED, _ASSIGNED) and not _looks_random(piece):
                continue
            # Up to which sign a secret goes in a web address is plain; a word that names it knows no end but a space.
            if all(start + len(piece) <= begin or start >= end for begin, end in known):
                known.append((start, start + len(piece)))
                yield Span("secret", *known[-1], piece)


def _looks_random(piece: str) -> bool:
    letter, digit = any(c.isalpha() for c in piece), any(c.isdigit() for c in piece)
    sign = any(not c.isalnum() and c not in "-'.()/" for c in piece)
    return len(piece) >= 6 and (
        (letter and digit) or (sign and (letter or digit)) or (piece.isdigit() and len(piece) <= 12)
    )
