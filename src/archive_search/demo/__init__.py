"""A small portal to try everything on: real pages, served over HTTP on this machine."""

from __future__ import annotations

from dataclasses import replace

from archive_search.demo.portal import HOSTS, serve_portal
from archive_search.portals import AttachmentRule, Politeness, Profile, load_profile

__all__ = ["HOSTS", "PORTALS", "demo_profile", "serve_portal"]

PORTALS = ("sotttt-hanoi", "thuongtin")
"""The profiles of the two portals that the demo serves pages of."""

# Of the sections that the profiles name, the bundled ones, and one that robots.txt forbids.
_SEEDS = {
    "sotttt-hanoi": (
        "/hoat-ong-ang-oan-the",
        "/vi/tin-tuc-su-kien",
        "/vi/bao-chi-xuat-ban",
        "/vi/buu-chinh-vien-thong",
        "/dssdt",
    ),
    "thuongtin": ("/",),
}


def demo_profile(name: str) -> Profile:
    """Return a portal's own profile with the demo's seeds, and no delay: the server is ours.

    The files that its articles link to are not bundled, so that they are not asked for.
    """
    profile = load_profile(name)
    seeds = tuple(f"http://{profile.hosts[0]}{path}" for path in _SEEDS[name])
    politeness, attachments = Politeness(delay_s=0.0), AttachmentRule(max_files=0)
    return replace(profile, seeds=seeds, politeness=politeness, attachments=attachments)
