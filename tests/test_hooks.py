"""Hooks: conversations with real servers on the loopback address."""

import json
import re
import socketserver
import threading
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from conftest import reply

from archive_search.config import Config, load_config
from archive_search.errors import ConfigError
from archive_search.pipeline.hooks import HEARTBEAT, PASSWORD, Notice, tell

AT = datetime(2026, 8, 3, 2, 41, 7, tzinfo=UTC)
NOTICE = Notice(
    at=AT,
    subject="Kho lưu trữ kỳ họp: 1 alarms",
    text="Cổng Thường Tín: không có bài mới.\n",
    data={"reports": [{"portal": "thuongtin", "alarms": ["Kỳ họp"]}]},
    problem=True,
)
GOOD = Notice(at=AT, subject="s", text="t", data={}, problem=False, good={"thuongtin": 7}, all_good=True)


class MailServer:
    """An SMTP server (RFC 5321) of a few lines: what it was told, and the messages it took."""

    def __init__(self, *, refuse=b""):
        self.said = []
        self.messages = []
        taken = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 mail.test ESMTP\r\n")
                while line := self.rfile.readline():
                    taken.said.append(line.decode().strip())
                    line = line.upper()
                    if refuse and line.startswith(refuse):
                        self.wfile.write(b"550 not here\r\n")
                    elif line.startswith(b"EHLO"):
                        self.wfile.write(b"250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n")
                    elif line.startswith(b"AUTH"):
                        self.wfile.write(b"235 welcome\r\n")
                    elif line.startswith(b"DATA"):
                        self.wfile.write(b"354 go on\r\n")
                        taken.messages.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                        self.wfile.write(b"250 taken\r\n")
                    elif line.startswith(b"QUIT"):
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 well\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def settings(folder, **given):
    return Config(folder=folder, mail_to=("lan@example.vn",), machine="may-1", **given)


def test_a_problem_is_mailed_with_its_diacritics(tmp_path):
    with MailServer() as server:
        assert tell(settings(tmp_path, smtp_url=server.url, mail_from="kho@example.vn"), NOTICE) == ()
    (raw,) = server.messages
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == NOTICE.subject
    assert message["From"] == "kho@example.vn"
    assert message["To"] == "lan@example.vn"
    assert message["Date"].datetime == AT
    assert message.get_content().replace("\r\n", "\n") == NOTICE.text
    assert server.said[1].lower().startswith("mail from:<kho@example.vn>")


@pytest.mark.parametrize(
    ("when", "notice", "mails"),
    [("problem", GOOD, 0), ("problem", NOTICE, 1), ("always", GOOD, 1), ("never", NOTICE, 0)],
)
def test_mail_comes_when_it_is_wanted(tmp_path, when, notice, mails):
    with MailServer() as server:
        assert tell(settings(tmp_path, smtp_url=server.url, mail_when=when), notice) == ()
    assert len(server.messages) == mails


def test_the_password_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD, "secret")
    with MailServer() as server:
        url = server.url.replace("//", "//lan%40example.vn@")
        assert tell(settings(tmp_path, smtp_url=url), NOTICE) == ()
    (line,) = (line for line in server.said if line.startswith("AUTH PLAIN "))
    assert b64decode(line.split()[-1]) == b"\0lan@example.vn\0secret"


def test_the_password_is_not_sent_to_another_machine_without_tls(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD, "secret")
    with MailServer() as server:
        monkeypatch.setattr("archive_search.pipeline.hooks._is_here", lambda host: False)
        url = server.url.replace("//", "//lan@")
        (failed,) = tell(settings(tmp_path, smtp_url=url), NOTICE)
    assert "without TLS" in failed
    assert not [line for line in server.said if "AUTH" in line or "MAIL" in line]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://lan:secret@mail.test", "is not like smtp://"),
        ("smtp://", "is not like smtp://"),
        ("smtp://lan:secret@127.0.0.1", "holds a password"),
        ("smtp://127.0.0.1:1", "refused"),
        ("smtp://127.0.0.1:99999", "Port out of range"),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_told_of_and_fails_nothing(tmp_path, url, words):
    (failed,) = tell(settings(tmp_path, smtp_url=url), NOTICE)
    assert failed.startswith("mail: ")
    assert words in failed
    assert "secret" not in failed


def test_a_refused_recipient_is_told_of(tmp_path):
    with MailServer(refuse=b"RCPT") as server:
        (failed,) = tell(settings(tmp_path, smtp_url=server.url), NOTICE)
    assert "not here" in failed


def test_a_subject_cannot_bring_headers_of_its_own(tmp_path):
    bad = Notice(at=AT, subject="a\nBcc: all@example.vn", text="", data={}, problem=True)
    with MailServer() as server:
        (failed,) = tell(settings(tmp_path, smtp_url=server.url), bad)
    assert failed.startswith("mail: ")
    assert server.messages == []


def test_the_report_is_posted_as_json_to_the_webhook(tmp_path, web):
    web.replies["/hook"] = reply(b"")
    config = Config(folder=tmp_path, webhook_url=f"http://127.0.0.1:{web.port}/hook")
    assert tell(config, NOTICE) == ()
    ((path, headers),) = web.requests
    assert (path, headers["Content-Type"]) == ("/hook", "application/json")
    assert headers["User-Agent"].startswith("archive-search/")
    assert [json.loads(body) for body in web.bodies] == [NOTICE.data]


@pytest.mark.parametrize("status", [302, 500])
def test_a_webhook_that_redirects_or_fails_is_told_of_and_not_followed(tmp_path, web, status):
    web.replies["/hook"] = reply(b"", status, Location="/elsewhere")
    config = Config(folder=tmp_path, webhook_url=f"http://127.0.0.1:{web.port}/hook")
    assert tell(config, NOTICE) == (f"webhook: 127.0.0.1 answered with status {status}",)
    assert web.paths == ["/hook"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/secret", "secret", "http://[", "ftp://example.vn/secret"]
)
def test_a_webhook_that_is_not_there_fails_nothing(tmp_path, url):
    (failed,) = tell(Config(folder=tmp_path, webhook_url=url), NOTICE)
    assert failed.startswith("webhook: ")
    assert "secret" not in failed


def test_a_good_crawl_is_pinged_and_a_bad_one_is_not(tmp_path, web):
    web.replies["/ping"] = reply(b"OK")
    config = Config(folder=tmp_path, ping_url=f"http://127.0.0.1:{web.port}/ping")
    assert tell(config, NOTICE) == ()
    assert web.paths == []
    assert tell(config, GOOD) == ()
    assert web.paths == ["/ping"]


def test_the_heartbeat_says_when_each_portal_was_last_crawled_without_trouble(tmp_path):
    config = Config(folder=tmp_path, machine="may-1")
    later = AT + timedelta(days=1)
    tell(config, GOOD)
    tell(config, NOTICE)
    tell(config, Notice(at=later, subject="", text="", data={}, problem=False, good={"other": 8}))
    state = json.loads((tmp_path / HEARTBEAT).read_text(encoding="utf-8"))
    assert state == {
        "finished_at": later.isoformat(),
        "machine": "may-1",
        "portals": {
            "thuongtin": {"run": 7, "finished_at": AT.isoformat()},
            "other": {"run": 8, "finished_at": later.isoformat()},
        },
    }
    assert [path.name for path in tmp_path.iterdir()] == [HEARTBEAT]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"portals": 3}'])
def test_a_damaged_heartbeat_is_made_anew(tmp_path, text):
    (tmp_path / HEARTBEAT).write_text(text, encoding="utf-8")
    assert tell(Config(folder=tmp_path), GOOD) == ()
    assert "thuongtin" in json.loads((tmp_path / HEARTBEAT).read_text(encoding="utf-8"))["portals"]


def test_a_heartbeat_that_cannot_be_written_is_told_of(tmp_path):
    (failed,) = tell(Config(folder=tmp_path / "nowhere"), GOOD)
    assert re.match(rf"{HEARTBEAT}: .*nowhere", failed)


def test_a_choice_that_does_not_exist_is_refused(tmp_path):
    (tmp_path / "archive.toml").write_text('mail_when = "sometimes"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="one of problem, always, never"):
        load_config(tmp_path)
