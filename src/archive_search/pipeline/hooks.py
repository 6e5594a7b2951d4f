"""Telling the world outside how a crawl went: by mail, webhook, ping, and a file to watch.

A hook that fails is told of and fails nothing else: the crawl is done, and its report is in the catalogue.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import requests

import archive_search
from archive_search.config import Config
from archive_search.disk import sync
from archive_search.errors import ConfigError

__all__ = ["HEARTBEAT", "PASSWORD", "Notice", "tell"]

HEARTBEAT = "last-good-run.json"
"""The file in the archive folder that says when each portal was last crawled without trouble."""

PASSWORD = "ARCHIVE_SEARCH_SMTP_PASSWORD"  # noqa: S105 - the name of the variable, not its value
"""The environment variable that holds the mail server's password; no file of the archive does."""

_TIMEOUT_S = 10.0
_SUBMISSION = 587  # RFC 6409: mail is handed in here, and TLS begins with STARTTLS
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told: in one line, as text, as JSON values.

    `problem` says that somebody may want to read it. `good` names the portals whose crawl came to its
    end without an alarm; `all_good` says that there are no others.
    """

    at: datetime
    subject: str
    text: str
    data: Any
    problem: bool
    good: Mapping[str, int] = field(default_factory=dict)
    all_good: bool = False


def tell(config: Config, notice: Notice) -> tuple[str, ...]:
    """Tell all whom the settings name; return what could not be told, and why."""
    failed = []
    for name, hook in _HOOKS.items():
        try:
            hook(config, notice)
        # Those of requests and smtplib are OSErrors; ValueErrors come of addresses that are none.
        except (OSError, ValueError, ConfigError) as exc:
            failed.append(f"{name}: {exc}")
    return tuple(failed)


def _beat(config: Config, notice: Notice) -> None:
    """Write down which portals were crawled without trouble, the others as they were."""
    if not notice.good:
        return
    path = config.folder / HEARTBEAT
    portals: dict[str, Any] = {}
    with suppress(OSError, ValueError, KeyError, TypeError):
        portals.update(json.loads(path.read_text(encoding="utf-8"))["portals"])
    at = notice.at.isoformat()
    portals.update({name: {"run": run, "finished_at": at} for name, run in notice.good.items()})
    state = {"finished_at": at, "machine": config.machine_name, "portals": portals}
    _replace(path, json.dumps(state, ensure_ascii=False, indent=1) + "\n")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    sync(part)
    part.replace(path)
    sync(path.parent)


def _ping(config: Config, notice: Notice) -> None:
    if config.ping_url and notice.all_good:
        _call("GET", config.ping_url)


def _post(config: Config, notice: Notice) -> None:
    if config.webhook_url:
        body = json.dumps(notice.data, ensure_ascii=False).encode()
        _call("POST", config.webhook_url, body, {"Content-Type": "application/json"})


def _call(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> None:
    """Send a request; raise `OSError` unless the answer is that all went well."""
    told = {"User-Agent": f"archive-search/{archive_search.__version__}", **(headers or {})}
    host = urlsplit(url).hostname or "the URL"
    try:
        # A redirect would take the report to a host that nobody named.
        with requests.request(
            method, url, data=body, headers=told, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.RequestException as exc:
        # Its text has the whole URL, and what is secret in it is no matter for a log.
        raise OSError(f"{host} gave no answer ({type(exc).__name__})") from exc
    if not 200 <= status < 300:
        raise OSError(f"{host} answered with status {status}")


def _mail(config: Config, notice: Notice) -> None:
    if not (config.smtp_url and config.mail_to) or config.mail_when == "never":
        return
    if notice.problem or config.mail_when == "always":
        _send(config.smtp_url, _message(config, notice))


def _message(config: Config, notice: Notice) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = notice.subject
    message["From"] = config.mail_from or config.mail_to[0]
    message["To"] = ", ".join(config.mail_to)
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = make_msgid(domain=config.machine_name)
    # RFC 3834: no holiday notice shall come back.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    return message


def _send(url: str, message: EmailMessage) -> None:
    address = urlsplit(url)
    if address.scheme not in _PORTS or not address.hostname:
        raise ConfigError("smtp_url is not like smtp://user@host:587 or smtps://user@host")
    if address.password is not None:
        raise ConfigError(f"smtp_url holds a password; put it into the environment as {PASSWORD}")
    with _connected(address) as server:
        is_secret = address.scheme == "smtps"
        if server.port == _SUBMISSION:
            server.server.starttls(context=ssl.create_default_context())
            is_secret = True
        password = os.environ.get(PASSWORD)
        if address.username and password:
            if not is_secret and not _is_here(address.hostname):
                raise ConfigError("the password is not sent without TLS: use smtps:// or port 587")
            server.server.login(unquote(address.username), password)
        server.server.send_message(message)


@dataclass(frozen=True, slots=True)
class _Connection:
    server: smtplib.SMTP
    port: int

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self.server.quit()


def _connected(address: SplitResult) -> _Connection:
    port = address.port or _PORTS[address.scheme]
    host = address.hostname or ""
    if address.scheme == "smtps":
        context = ssl.create_default_context()
        return _Connection(smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=context), port)
    return _Connection(smtplib.SMTP(host, port, timeout=_TIMEOUT_S), port)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_HOOKS: Mapping[str, Callable[[Config, Notice], None]] = {
    HEARTBEAT: _beat,
    "mail": _mail,
    "webhook": _post,
    "ping": _ping,
}
