"""Addresses of Kafka brokers."""

from __future__ import annotations

import re

from ska_sdp_config.entity.common.text import ValidatedStr

__all__ = ["KafkaUrl"]

_KAFKA_URL = re.compile(r"(?:kafka://)?(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):([0-9]{1,5})/?")


class KafkaUrl(ValidatedStr):
    """Address of a Kafka broker, ``kafka://host:port``.

    Args:
        text: the address, or ``host:port``.

    Raises:
        ValueError: the text is not an address.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> KafkaUrl:
        """Validate the text; see the class."""
        match = _KAFKA_URL.fullmatch(text)
        if match is None or int(match[2]) > 65535:
            raise ValueError(f"{text!r} is no address of a Kafka broker: write kafka://host:port.")
        return super().__new__(cls, f"kafka://{match[1]}:{int(match[2])}")

    @property
    def scheme(self) -> str:
        """The part before ``://``."""
        return "kafka"

    @property
    def host(self) -> str:
        """Name or address of the host."""
        return self.bootstrap_address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Number of the port."""
        return int(self.rpartition(":")[2])

    @property
    def bootstrap_address(self) -> str:
        """``host:port``, for Kafka clients."""
        return self.removeprefix("kafka://")
