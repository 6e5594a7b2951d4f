"""TLS: nobody is believed without a root, incomplete chains are completed, and what is let go is named."""

import ssl
from dataclasses import replace

import pytest
from conftest import make_capture
from crawling import FakeClock, HostsInMemory, Queue
from servers import CERTIFICATES, HOST, OK, Peer, drip_after, send, serving

from archive_search.crawler import Budget, crawl
from archive_search.crawler.tls import Contexts
from archive_search.errors import FetchFailed, ProfileError
from archive_search.portals import Politeness, Profile, TlsRule, parse_profile
from archive_search.portals.rules import TLS_RELAXATIONS
from archive_search.records import Target

FAST = Politeness(delay_s=0, deadline_s=5, max_bytes=100_000)
HASTY = Politeness(delay_s=0, deadline_s=0.2, max_bytes=100_000)
ROOT = str(CERTIFICATES / "root.pem")
PAGE = send(OK + b"Content-Length: 3\r\n\r\n<p>")
INTERMEDIATES = (CERTIFICATES / "intermediate.pem").read_text()
NOT_VERIFIED = "the server's certificate cannot be verified"
NO_TLS = "no TLS connection to the server"


def serving_with(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    return context


def old_server():
    """A server that knows nothing newer than TLS 1.1."""
    context = serving_with("weak")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    return context


def fetched(server, *relax, roots=ROOT, intermediates="", host=HOST):
    """Return the capture of a page from a server, with a rule for one host."""
    rule = TlsRule(host=host, relax=relax, intermediates=intermediates)
    with serving(PAGE, server, roots=roots, tls=(rule,)) as fetcher:
        return fetcher.fetch(Target(url=f"https://{HOST}/", priority=0), FAST)


def reason(*args, **kwargs):
    with pytest.raises(FetchFailed) as error:
        fetched(*args, **kwargs)
    return error.value.reason


@pytest.mark.parametrize("certificate", ["leaf", "expired", "other", "portal.test"])
def test_a_certificate_that_nobody_vouches_for_in_full_is_not_accepted(certificate):
    assert reason(serving_with(certificate)) == NOT_VERIFIED


def test_a_key_that_is_too_short_is_not_accepted():
    assert reason(serving_with("weak")) == NOT_VERIFIED


def test_a_server_that_sends_its_own_certificate_only_is_helped_out_with_the_next():
    capture = fetched(serving_with("leaf"), intermediates=INTERMEDIATES)
    assert (capture.payload, capture.relaxed) == (b"<p>", ())


def test_what_completes_a_chain_is_no_root():
    # The self-signed certificate stands for any root but the right one.
    wrong_root = str(CERTIFICATES / "portal.test.pem")
    assert reason(serving_with("leaf"), intermediates=INTERMEDIATES, roots=wrong_root) == NOT_VERIFIED
    context = Contexts((TlsRule(host=HOST, intermediates=INTERMEDIATES),), ROOT).of(HOST)
    assert not context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


def test_what_completes_the_chain_of_one_host_does_so_for_no_other():
    assert reason(serving_with("leaf"), intermediates=INTERMEDIATES, host="tin.test") == NOT_VERIFIED


@pytest.mark.parametrize(
    ("server", "relax"),
    [
        (serving_with("expired"), "expired"),
        (serving_with("other"), "other-name"),
        (serving_with("weak"), "weak-ciphers"),
        (serving_with("portal.test"), "unverified"),
        (serving_with("leaf"), "unverified"),
    ],
)
def test_what_a_profile_lets_go_is_let_go_and_stands_in_the_capture(server, relax):
    capture = fetched(server, relax)
    assert (capture.payload, capture.relaxed) == (b"<p>", (relax,))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated", "ignore:ssl.OP_NO_")
def test_an_old_version_of_tls_is_spoken_where_the_profile_says_so():
    assert reason(old_server(), "weak-ciphers") == NO_TLS
    assert fetched(old_server(), "tls1.0").relaxed == ("tls1.0",)


@pytest.mark.parametrize(
    ("certificate", "relax"),
    [
        ("leaf", "expired"),
        ("other", "expired"),
        ("portal.test", "expired"),
        ("expired", "other-name"),
        ("leaf", "other-name"),
        ("portal.test", "other-name"),
        ("expired", "weak-ciphers"),
        ("portal.test", "weak-ciphers"),
        ("other", "legacy-renegotiation"),
        ("portal.test", "tls1.0"),
    ],
)
def test_nothing_else_is_let_go_with_it(certificate, relax):
    assert reason(serving_with(certificate), relax) == NOT_VERIFIED


@pytest.mark.parametrize("relax", ["expired", "other-name", "weak-ciphers", "unverified"])
def test_what_is_let_go_with_one_host_is_not_with_another(relax):
    certificate = {"expired": "expired", "other-name": "other", "weak-ciphers": "weak"}.get(relax, "leaf")
    assert reason(serving_with(certificate), relax, host="tin.test") == NOT_VERIFIED


def test_only_for_one_host_a_server_without_secure_renegotiation_is_spoken_to():
    contexts = Contexts((TlsRule(host=HOST, relax=("legacy-renegotiation",)),))
    legacy = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT of openssl/ssl.h
    assert contexts.of(HOST).options & legacy
    assert not contexts.of("tin.test").options & legacy


def test_a_page_without_tls_has_nothing_let_go():
    with serving(PAGE, tls=(TlsRule(host=HOST, relax=("unverified",)),)) as fetcher:
        assert fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST).relaxed == ()


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [(send(OK + b"\r\n<p>"), NO_TLS), (Peer.wait, "no answer within the deadline")],
)
def test_a_server_that_speaks_no_tls_fails(behaviour, why):
    with serving(behaviour) as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"https://{HOST}/", priority=0), HASTY)
    assert error.value.reason == why


def test_a_certificate_of_the_name_in_the_url_is_accepted_wherever_the_server_is():
    capture = fetched(serving_with("leaf"), intermediates=INTERMEDIATES)
    assert (capture.payload, capture.ip_address) == (b"<p>", "127.0.0.1")


def test_a_body_that_drips_over_tls_runs_into_the_deadline():
    drip = drip_after(OK + b"Content-Length: 100\r\n\r\n", b"x")
    rule = TlsRule(host=HOST, intermediates=INTERMEDIATES)
    served = serving(drip, serving_with("leaf"), roots=ROOT, tls=(rule,))
    with served as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"https://{HOST}/", priority=0), HASTY)
    assert error.value.reason == "the body was not there within the deadline"
    assert error.value.capture.truncated == "time"


# ---------------------------------------------------------------------------------------- the profile

PROFILE = 'name = "p"\nlabel = "P"\nhosts = ["portal.test"]\n[[tls]]\nhost = "portal.test"\n'


def test_a_profile_names_what_is_let_go_and_why():
    (rule,) = parse_profile(PROFILE + 'relax = "expired"\nwhy = "since May"', source="p.toml").tls
    assert (rule.host, rule.relax, rule.why) == (HOST, ("expired",), "since May")


def test_a_profile_has_the_certificates_that_a_host_fails_to_send():
    (rule,) = parse_profile(f'{PROFILE}intermediates = """\n{INTERMEDIATES}"""', source="p.toml").tls
    assert fetched(serving_with("leaf"), intermediates=rule.intermediates).payload == b"<p>"


@pytest.mark.parametrize("name", TLS_RELAXATIONS)
def test_every_name_that_a_profile_may_give_is_known(name):
    rule = TlsRule(host=HOST, relax=(name,))
    assert Contexts((rule,)).relaxed(HOST) == (name,)
    assert Contexts((rule,)).of(HOST) is not Contexts((rule,)).of("tin.test")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('relax = "expired"', "relax needs a why"),
        ('relax = "all"\nwhy = "so"', "must be among weak-ciphers"),
        ('intermediates = "none"', "no PEM certificates"),
        (f'intermediates = """{(CERTIFICATES / "root.pem").read_text()}"""', "another authority has signed"),
        (
            f'intermediates = """{INTERMEDIATES}{(CERTIFICATES / "leaf.pem").read_text()}"""',
            "no PEM certificates",
        ),
    ],
)
def test_a_rule_that_says_too_much_or_nothing_is_refused(keys, message):
    with pytest.raises(ProfileError, match=message):
        parse_profile(PROFILE + keys, source="p.toml")


def test_a_rule_for_a_host_of_others_is_refused():
    with pytest.raises(ProfileError, match="none of the hosts"):
        parse_profile(PROFILE + '[[tls]]\nhost = "khac.test"', source="p.toml")


def test_a_crawl_says_once_what_is_not_insisted_on_and_why():
    rule = TlsRule(host=HOST, relax=("unverified",), why="its certificate ran out in May")
    profile = Profile(
        name="p", label="P", hosts=(HOST,), seeds=(f"https://{HOST}/",), politeness=FAST, tls=(rule,)
    )

    class Answering:
        def fetch(self, target, bounds):
            return replace(make_capture(target.url), relaxed=("unverified",))

    parts = {"hosts": HostsInMemory(), "budget": Budget(), "clock": FakeClock()}
    robots, page = crawl(profile, Answering(), Queue(), **parts)
    assert robots.note == f"not insisted on with {HOST}: unverified (its certificate ran out in May)"
    assert (page.note, page.capture.relaxed) == (None, ("unverified",))
