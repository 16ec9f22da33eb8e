# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One profile's section in an AWS config file: bytes in, bytes out, and not one byte of anybody else's changed.

A line means here what it means to botocore, which reads the file with configparser: what is indented deeper than the
setting above it continues that setting (so ``s3 =`` blocks work), and a header may be indented, too.
"""

from __future__ import annotations

import re
import shlex
from typing import Iterator, NamedTuple, Sequence, Tuple

_HEADER = re.compile(rb"\[([^\]]+)\]")
_SIGN = re.compile(r"\s*[=:]\s*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Settings = Sequence[Tuple[str, str]]


class _Span(NamedTuple):
    """Where a section stands: from its header to the end of its last setting; what follows belongs to the next one."""

    start: int
    end: int


def with_section(content: bytes, profile: str, settings: Settings) -> bytes:
    """Return ``content`` with the section of ``profile`` replaced where it stands, or appended.

    Further sections of the same profile are removed: botocore reads no file with two. Names and values must already be
    safe words. A section that already says the same is left as it is, whatever its spacing.
    """
    spans = _spans(content, profile)
    if len(spans) == 1 and list(settings) == read_section(content, profile):
        return content
    newline = _newline(content)
    lines = [header(profile), *(f"{name} = {value}" for name, value in settings)]
    section = b"".join(line.encode("ascii") + newline for line in lines)
    if not spans:
        return _closed(content, newline) + section
    first, *others = spans
    return content[: first.start] + section + _without(content, first.end, others)


def without_section(content: bytes, profile: str) -> bytes:
    """Return ``content`` without any section of ``profile``."""
    return _without(content, 0, _spans(content, profile))


def read_section(content: bytes, profile: str) -> list[tuple[str, str]] | None:
    """Return the settings of the section of ``profile``, the first one's if there are two, or None without any.

    A value that goes on in further lines has them joined with a newline, as in configparser.
    """
    spans = _spans(content, profile)
    if not spans:
        return None
    settings: list[tuple[str, str]] = []
    for line in _lines(content[spans[0].start : spans[0].end]):
        if line.kind == "setting":
            name, *values = _SIGN.split(line.text, maxsplit=1)
            settings.append((name.lower(), "".join(values)))
        elif line.kind == "continuation":
            name, value = settings.pop()
            settings.append((name, f"{value}\n{line.text}"))
    return settings


class _Line(NamedTuple):
    start: int
    end: int
    kind: str  # header, setting, continuation, or nothing: a blank line or a comment
    text: str


def _lines(content: bytes) -> Iterator[_Line]:
    """Tell the lines apart by the rules of configparser._read, which botocore, the AWS CLI and others rest on."""
    position = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    indentation = 0
    in_setting = False
    for line in content[position:].splitlines(keepends=True):
        start, position = position, position + len(line)
        stripped = line.strip()
        text = stripped.decode("utf-8", "replace")
        own_indentation = len(line) - len(line.lstrip())
        if not stripped or stripped[:1] in (b"#", b";"):
            yield _Line(start, position, "nothing", text)
        elif in_setting and own_indentation > indentation:
            yield _Line(start, position, "continuation", text)
        else:
            indentation = own_indentation
            header = _HEADER.match(stripped)
            in_setting = header is None
            if header:
                text = header.group(1).decode("utf-8", "replace")
            yield _Line(start, position, "header" if header else "setting", text)


def _spans(content: bytes, profile: str) -> list[_Span]:
    spans: list[_Span] = []
    inside = False
    for line in _lines(content):
        if line.kind == "header":
            inside = _names(line.text, profile)
            if inside:
                spans.append(_Span(line.start, line.end))
        elif inside and line.kind != "nothing":
            spans[-1] = spans[-1]._replace(end=line.end)
    return spans


def _names(header: str, profile: str) -> bool:
    try:
        words = shlex.split(header)
    except ValueError:
        return False
    return words == ["profile", profile] or (profile == "default" and words == ["default"])


def header(profile: str) -> str:
    """Return the line that begins the section of ``profile``."""
    return "[default]" if profile == "default" else f"[profile {profile}]"


def _newline(content: bytes) -> bytes:
    first, _end, _rest = content.partition(b"\n")
    return b"\r\n" if first.endswith(b"\r") else b"\n"


def _closed(content: bytes, newline: bytes) -> bytes:
    """Return ``content`` so that a new section can follow it, one empty line between."""
    if content in (b"", _BYTE_ORDER_MARK):
        return content
    if not content.endswith((b"\n", b"\r")):
        content += newline
    return content + newline


def _without(content: bytes, start: int, spans: Sequence[_Span]) -> bytes:
    kept = []
    for span in spans:
        kept.append(content[start : span.start])
        start = span.end
    return b"".join([*kept, content[start:]])
