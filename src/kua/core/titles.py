# SPDX-License-Identifier: Apache-2.0
"""A name in the three languages of the readers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Titles:
    """One name in Kazakh, Russian and English; none may be empty."""

    kk: str
    ru: str
    en: str

    def __post_init__(self) -> None:
        if not (self.kk and self.ru and self.en):
            raise ValueError(self)

    def said_in(self, language: str) -> str:
        """Return the name in `language` (`kk`, `ru` or `en`)."""
        return {"kk": self.kk, "ru": self.ru, "en": self.en}[language]
