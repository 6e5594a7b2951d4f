"""What lets systemd or cron run an archive: units and crontab lines, as text."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive_search.errors import ConfigError

_SAMPLE = "2"
"""Percent of the records that are audited every night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which archive is run, when it is crawled (as systemd writes it), and by whom.

    `program` is the command line that starts this program, with absolute paths.
    """

    folder: Path
    at: str
    user: str
    memory: str = "2G"
    program: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for value in (str(self.folder), self.at, self.user, self.memory):
            if not value.isprintable():
                raise ConfigError(f"{value!r} has characters that a unit or a crontab cannot hold.")

    @property
    def name(self) -> str:
        """What the units are called after the folder: letters, digits, hyphens."""
        return "archive-search-" + (re.sub(r"[^A-Za-z0-9]+", "-", self.folder.name).strip("-") or "archive")

    def command(self, *args: str) -> tuple[str, ...]:
        """Return the command line that runs a command on the archive."""
        return (*(self.program or this_program()), "-C", str(self.folder), *args)


def this_program() -> tuple[str, ...]:
    """Return the command line that starts this program, with absolute paths."""
    script = Path(sys.executable).with_name("archive-search")
    return (str(script),) if script.exists() else (sys.executable, "-m", "archive_search")


def units(plan: Plan) -> dict[str, str]:
    """Return the units by file name: crawl, nightly and monthly audit, each with its timer; the site."""
    crawl = [plan.command("crawl", "--all"), plan.command("index")]
    sample = [plan.command("audit", "--sample", _SAMPLE)]
    audit = [plan.command("audit")]
    about = f"{plan.folder.name} (archive-search)".replace("%", "%%")
    return {
        f"{plan.name}.service": _oneshot(plan, f"Crawl and index {about}", crawl),
        f"{plan.name}.timer": _timer(f"Crawl {about}", plan.at, "30min"),
        f"{plan.name}-sample.service": _oneshot(plan, f"Audit a sample of {about}", sample),
        f"{plan.name}-sample.timer": _timer(f"Audit a sample of {about} every night", "daily", "6h"),
        f"{plan.name}-audit.service": _oneshot(plan, f"Audit {about}", audit),
        f"{plan.name}-audit.timer": _timer(f"Audit {about} every month", "monthly", "12h"),
        f"{plan.name}-site.service": _site(plan, f"Site of {about}"),
    }


def _oneshot(plan: Plan, about: str, commands: Sequence[Sequence[str]]) -> str:
    """Return a service that runs commands one after another, as long as they go well."""
    return "\n".join(
        [
            "[Unit]",
            f"Description={about}",
            "Wants=network-online.target",
            "After=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
            *(f"ExecStart={command_line(command)}" for command in commands),
            "# 3: done in part, as the report says; 75: another run is at it already.",
            "SuccessExitStatus=3 75",
            "Restart=no",
            "# RuntimeMaxSec= does not hold for a oneshot; this does.",
            "TimeoutStartSec=20h",
            "Nice=10",
            "IOSchedulingClass=idle",
            *_bounds(plan),
            "",
        ]
    )


def _site(plan: Plan, about: str) -> str:
    return "\n".join(
        [
            "[Unit]",
            f"Description={about}",
            "After=network.target",
            "",
            "[Service]",
            "Type=simple",
            f"ExecStart={command_line(plan.command('serve', '--host', '127.0.0.1', '--port', '8000'))}",
            "Restart=on-failure",
            "RestartSec=5",
            *_bounds(plan),
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


def _timer(about: str, at: str, delay: str) -> str:
    return "\n".join(
        [
            "[Unit]",
            f"Description={about}",
            "",
            "[Timer]",
            f"OnCalendar={at}",
            "# Made up for when the machine was off.",
            "Persistent=true",
            f"RandomizedDelaySec={delay}",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


_HARDENING = """\
NoNewPrivileges=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0027"""


def _bounds(plan: Plan) -> list[str]:
    """Return what keeps a service to its archive folder, and to the memory it may take."""
    home = ("/home/", "/root/", "/run/user/")
    paths = [f"{path}/" for path in (plan.folder, *plan.command()[:1], sys.prefix, sys.base_prefix)]
    return [
        f"User={plan.user}",
        "# What must not be in archive.toml, as ARCHIVE_SEARCH_SMTP_PASSWORD=...; for root's eyes only.",
        "EnvironmentFile=-/etc/archive-search.env",
        f"MemoryMax={plan.memory}",
        f"ReadWritePaths={quoted(str(plan.folder))}",
        # A folder that is hidden cannot be written, whatever ReadWritePaths says.
        f"ProtectHome={'read-only' if any(path.startswith(home) for path in paths) else 'yes'}",
        f"PrivateTmp={'no' if any(path.startswith(('/tmp/', '/var/tmp/')) for path in paths) else 'yes'}",  # noqa: S108
        *_HARDENING.splitlines(),
    ]


def command_line(words: Sequence[str]) -> str:
    """Return a command line as `ExecStart=` takes it (man 5 systemd.service, COMMAND LINES)."""
    line = " ".join(quoted(word) for word in words)
    # With a colon no variable is put in, so that a $ is a $.
    return f":{line}" if "$" in line else line


def quoted(word: str) -> str:
    """Return a word as a unit writes it: `%` begins a specifier, quotes and backslashes are escaped."""
    word = word.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_/.,:=+@%-]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


_DAILY = re.compile(r"(?:\*-\*-\* )?(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::[0-5][0-9])?")


def crontab(plan: Plan) -> str:
    """Return the lines for a crontab; raises `ConfigError` for a time that is not one of every day."""
    at = _DAILY.fullmatch(plan.at)
    if not at:
        raise ConfigError(f"cron needs a time of every day, such as *-*-* 02:30, and not {plan.at!r}.")
    minute, hour = int(at["minute"]), int(at["hour"])
    crawl, index = (_cron_line(plan.command(*args)) for args in (("crawl", "--all"), ("index",)))
    sample, audit = (_cron_line(plan.command(*args)) for args in (("audit", "--sample", _SAMPLE), ("audit",)))
    later = (hour + 6) % 24
    return "\n".join(
        [
            "# cron mails what is printed to MAILTO, and makes up for nothing that it missed while the",
            "# machine was off. A crawl that finds another one at work ends at once with exit code 75, which",
            "# harms nothing; 3 is done in part, as the report says.",
            f"{minute} {hour} * * * {crawl}; {index}",
            f"{minute} {later} 2-31 * * {sample}",
            f"{minute} {later} 1 * * {audit}",
            "",
        ]
    )


def _cron_line(words: Sequence[str]) -> str:
    # An unescaped % ends the command and begins its input (man 5 crontab).
    return shlex.join(words).replace("%", "\\%")
