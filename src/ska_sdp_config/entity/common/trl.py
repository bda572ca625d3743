"""Tango resource locators: names of devices, attributes and properties.

The syntax is ``[tango://][host:port/]device[/attribute][->property][#dbase=yes|no]``, where a
device is ``domain/family/member`` or an alias, as in the naming rules of Tango Controls.
"""

from __future__ import annotations

import re
from typing import TypeVar

from ska_sdp_config.entity.common.text import ValidatedStr

__all__ = ["AnyTRL", "AttributeTRL"]

LocatorT = TypeVar("LocatorT", bound="AnyTRL")
AttributeT = TypeVar("AttributeT", bound="AttributeTRL")

_TRL = re.compile(
    r"(?:(?P<scheme>[A-Za-z]+)://)?"
    r"(?:(?P<host>[^\s/:#>]+):(?P<port>[0-9]{1,5})/)?"
    r"(?P<name>[^\s/:#>]+(?:/[^\s/:#>]+){0,3}?)"
    r"(?:->(?P<property>[^\s/:#>]+))?"
    r"(?:#dbase=(?P<dbase>yes|no))?",
    re.IGNORECASE,
)


class AnyTRL(ValidatedStr):
    """Tango resource locator.

    Args:
        text: the locator.

    Raises:
        ValueError: the text is not a locator.
    """

    __slots__ = ()

    def __new__(cls: type[LocatorT], text: str) -> LocatorT:
        """Validate the text; see the class."""
        match = _TRL.fullmatch(text)
        if match is None or (match["scheme"] or "tango").lower() != "tango":
            raise ValueError(
                f"{text!r} is no Tango resource locator: "
                "write tango://host:port/domain/family/member[/attribute]."
            )
        return super().__new__(cls, text)

    def _part(self, name: str) -> str | None:
        match = _TRL.fullmatch(self)
        return match[name] if match else None

    def _name(self) -> list[str]:
        return (self._part("name") or "").split("/")

    @property
    def url(self) -> str:
        """The whole locator."""
        return str(self)

    @property
    def scheme(self) -> str:
        """The protocol, ``tango``."""
        return (self._part("scheme") or "tango").lower()

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


class AttributeTRL(AnyTRL):
    """Locator of an attribute.

    Args:
        text: the locator.

    Raises:
        ValueError: the text is no locator, or not that of an attribute.
    """

    __slots__ = ()

    def __new__(cls: type[AttributeT], text: str) -> AttributeT:
        """Validate the text; see the class."""
        locator = super().__new__(cls, text)
        if locator.attribute_name is None or locator.property_name is not None:
            raise ValueError(
                f"{text!r} does not name an attribute: "
                "write tango://host:port/domain/family/member/attribute."
            )
        return locator
