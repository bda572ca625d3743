"""Warnings about field names that are probably typing mistakes."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable

from pydantic import AliasChoices, BaseModel

__all__ = ["warn_near_misses"]

SIMILARITY = 0.8
"""Ratio of matching characters from which on two names are close, 1 for equal names."""


def warn_near_misses(model: type[BaseModel], given: Iterable[str], *, stacklevel: int) -> None:
    """Warn about each unknown field name that is close to a known one.

    Unknown fields are kept, so without a warning a mistyped name would go unnoticed. A name is
    not reported if the field that it resembles is given too. The stack level is that of the line
    that creates the model, as in ``warnings.warn``.
    """
    given = set(given)
    fields = _spellings(model)
    unknown = given.difference(*fields.values())
    if not unknown:
        return
    absent = [name for name, spellings in fields.items() if not given & spellings]
    candidates = {each: name for name in absent for each in fields[name]}
    for name in sorted(unknown):
        close = _closest(name, candidates)
        if close is not None:
            warnings.warn(
                f"{model.__qualname__} has no field {name!r}, which is kept as an extra field: "
                f"did you mean {close!r}?",
                stacklevel=stacklevel + 1,
            )


def _spellings(model: type[BaseModel]) -> dict[str, set[str]]:
    """Return the names under which each field can be given."""
    found: dict[str, set[str]] = {}
    for name, field in model.model_fields.items():
        found[name] = {name}
        if isinstance(field.validation_alias, AliasChoices):
            found[name].update(str(each) for each in field.validation_alias.choices)
    return found


def _closest(name: str, known: Iterable[str]) -> str | None:
    plain = name.casefold()
    for each in known:
        # "eb" for "eb_id" shares too few characters for the ratio.
        if each.startswith(f"{plain}_"):
            return each
    close = difflib.get_close_matches(plain, list(known), n=1, cutoff=SIMILARITY)
    return close[0] if close else None
