"""Tango resource locators: names of devices, attributes and properties.

The syntax is ``[tango://][host:port/]device[/attribute][->property][#dbase=yes|no]``, where a
device is ``domain/family/member`` or an alias, as in the naming rules of Tango Controls.
"""

from __future__ import annotations

import os
import re
from typing import TypeVar
from urllib.parse import quote

from pydantic import AnyUrl

from ska_sdp_config.entity.common.text import ValidatedStr

__all__ = ["AnyTRL", "AttributeTRL"]

LocatorT = TypeVar("LocatorT", bound="AnyTRL")
AttributeT = TypeVar("AttributeT", bound="AttributeTRL")

_TRL = re.compile(
    r"(?:(?P<scheme>[A-Za-z]+)://)?"
    r"(?:(?P<host>[^\s/:#>]+):(?P<port>[0-9]{1,5})/)?"
    r"(?P<name>[^\s/:#>]+(?:/[^\s/:#>]+){0,3}?)"
    r"(?:->(?P<property>[^\s/:#>]+))?"
    r"(?a:#dbase=(?P<dbase>yes|no))?",
    re.IGNORECASE,
)
_TANGO_HOST = re.compile(r"([^\s/:#>]+):([0-9]{1,5})")

_SAFE_IN_URL = ":/#!$&'()*+,;=~"
"""Characters of a locator that its URL has unencoded, besides letters, digits and ``-._``."""


class AnyTRL(ValidatedStr):
    """Tango resource locator; ``str`` returns it as it was given.

    Args:
        trl: the locator.

    Raises:
        ValueError: the text is not a locator.
    """

    __slots__ = ()

    def __new__(cls: type[LocatorT], trl: str) -> LocatorT:
        """Validate the text; see the class."""
        match = _TRL.fullmatch(trl)
        if match is None or (match["scheme"] or "tango").lower() != "tango":
            raise ValueError(
                f"{trl!r} is no Tango resource locator: "
                "write tango://host:port/domain/family/member[/attribute]."
            )
        return super().__new__(cls, trl)

    def _part(self, name: str) -> str | None:
        match = _TRL.fullmatch(self)
        return match[name] if match else None

    def _name(self) -> list[str]:
        return (self._part("name") or "").split("/")

    @property
    def eval(self: LocatorT) -> LocatorT:
        """The evaluated locator, which has all parts that a client needs.

        The scheme defaults to ``tango``, host and port to the first ones of the environment
        variable ``TANGO_HOST``, and the device to one of a Tango database.

        Raises:
            ValueError: the locator has no host, and none can be taken from ``TANGO_HOST``.
        """
        address = f"{self.host}:{self.port}" if self.host else self._default_address()
        property_part = f"->{self.property_name}" if self.property_name else ""
        dbase = "yes" if self.dbase else "no"
        return type(self)(f"tango://{address}/{self._part('name')}{property_part}#dbase={dbase}")

    @property
    def url(self) -> AnyUrl:
        """The evaluated locator as a URL of RFC 3986; its ``->`` is written ``-%3E``.

        Raises:
            ValueError: see ``eval``; or the port is above 65535, or a part is ``.`` or ``..``.
        """
        full = self.eval
        for part in full.partition("#")[0].split("/"):
            # Parsers of URLs remove such a segment, so the URL would name another device.
            if part in (".", ".."):
                raise ValueError(f"{self!r} has no URL, as it has the part {part!r}: use eval.")
        return AnyUrl(quote(full, safe=_SAFE_IN_URL))

    @property
    def scheme(self) -> str | None:
        """The protocol, ``tango``; None if not given."""
        scheme = self._part("scheme")
        return scheme.lower() if scheme else None

    @property
    def host(self) -> str | None:
        """Host of the Tango database, or of the server without a database; None if not given."""
        return self._part("host")

    @property
    def port(self) -> int | None:
        """The port on that host."""
        port = self._part("port")
        return int(port) if port else None

    @property
    def device_name(self) -> str:
        """The device, ``domain/family/member`` or an alias."""
        name = self._name()
        return "/".join(name[:3] if len(name) > 2 else name[:1])

    @property
    def attribute_name(self) -> str | None:
        """The attribute of the device, or None."""
        name = self._name()
        return name[-1] if len(name) in (2, 4) else None

    @property
    def property_name(self) -> str | None:
        """The property of the device or attribute, or None."""
        return self._part("property")

    @property
    def dbase(self) -> bool:
        """Whether the device is resolved by a Tango database; False with ``#dbase=no``."""
        return (self._part("dbase") or "yes").lower() == "yes"

    def _default_address(self) -> str:
        if not self.dbase:
            # TANGO_HOST is the address of a database, not of a device server.
            raise ValueError(
                f"{self!r} has no host, and no Tango database that knows it: "
                "write the address of the device server, tango://host:port/…#dbase=no."
            )
        tango_host = os.environ.get("TANGO_HOST", "")
        # Several databases that replace each other are separated by commas.
        first = tango_host.partition(",")[0].strip()
        if not _TANGO_HOST.fullmatch(first):
            raise ValueError(
                f"{self!r} has no host, and TANGO_HOST is {tango_host!r}: "
                "write tango://host:port/…, or set TANGO_HOST to host:port."
            )
        return first


class AttributeTRL(AnyTRL):
    """Locator of an attribute.

    Args:
        trl: the locator.

    Raises:
        ValueError: the text is no locator, or not that of an attribute.
    """

    __slots__ = ()

    def __new__(cls: type[AttributeT], trl: str) -> AttributeT:
        """Validate the text; see the class."""
        locator = super().__new__(cls, trl)
        if locator.attribute_name is None or locator.property_name is not None:
            raise ValueError(
                f"{trl!r} does not name an attribute: "
                "write tango://host:port/domain/family/member/attribute."
            )
        return locator
