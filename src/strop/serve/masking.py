"""Personal data at the door: replaced before anything is stored, and put back into the answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from strop.errors import InputError
from strop.privacy import Masker, NameModel, PuttingBack
from strop.records import Message


class Masking:
    """What ``data.personal_data`` says, applied to requests: mask, refuse or keep.

    Args:
        key: the project's key; None keeps texts as they are.
        refuse: turn requests with personal data away instead of masking them.
        model: finds further names in running text (tier two).
        sealed: people's names that the rows' columns gave, sealed.
    """

    def __init__(
        self,
        key: bytes | None,
        *,
        refuse: bool = False,
        model: NameModel | None = None,
        sealed: Collection[str] = frozenset(),
    ) -> None:
        self._key, self._refuse = key, refuse
        self._masker = Masker(key, model=model, sealed=sealed) if key is not None else None

    def hide(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], dict[str, str]]:
        """Masked messages, and surrogates to originals.

        Raises InputError where personal data is refused, and for text that nothing can write down.
        """
        for message in messages:
            written(message.content)
        if self._masker is None:
            return tuple(messages), {}
        originals: dict[str, str] = {}
        hidden = []
        for message in messages:
            masked = self._masker.mask(message.content)
            originals |= masked.originals
            hidden.append(message.model_copy(update={"content": masked.text}))
        if originals and self._refuse:
            raise InputError("the request holds personal data", remedy="remove it, or set data.personal_data: mask")
        return tuple(hidden), originals

    def hide_text(self, text: str) -> str:
        """A text as it may be kept."""
        return self._masker.mask(text).text if self._masker is not None else text

    def hide_name(self, name: str) -> str:
        """Whom a request belongs to, as it may be kept: a person's name or address becomes its surrogate."""
        return Masker(self._key, names=[written(name)]).mask(name).text if self._key is not None else written(name)

    def restore(self, text: str, originals: dict[str, str]) -> str:
        """An answer with the names put back."""
        return self._masker.unmask(text, originals) if self._masker is not None else text

    def restoring(self, originals: dict[str, str]) -> PuttingBack:
        """The same for an answer that comes piece by piece."""
        return PuttingBack(originals if self._masker is not None else {})


def written(text: str) -> str:
    """The text, if it can be written down. Raises InputError for half a character (a lone UTF-16 surrogate)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("the text holds half a character", remedy="send UTF-8") from None
    return text
