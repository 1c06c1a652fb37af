"""Addresses on the web: which are well formed, and which IP addresses are anybody's to reach."""

from __future__ import annotations

import ipaddress

import httpx


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, as its numbers say it.

    IPv6 addresses with an IPv4 address inside (mapped, 6to4, Teredo) are not: what they reach is
    for another machine to decide.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip.is_site_local
    ):
        return False
    return ip.is_global and not (
        ip.is_multicast
        or ip.is_reserved
        or ip.is_private
        or ip.is_loopback
        or ip.is_link_local
        or ip.is_unspecified
    )


def wrong_address(address: str) -> str | None:
    """What is wrong with an address, before anybody is asked; None when nothing is."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        return f"it is not an address ({error})"
    if url.scheme not in ("http", "https"):
        return "it does not begin with http:// or https://"
    if not url.raw_host:
        return "it names no host"
    if url.userinfo:
        return "it holds a user name or a password"
    return None
