"""Lists of kinds, of codes for instance, by the names that a chip description has for them; one list for each thing.

Golden and RTL have a case for each kind on a list, and refuse what is on none.
"""

from collections.abc import Mapping


def refusal(what: str, kinds: Mapping[str, object]) -> str:
    """Sentence of an error, which compiled code can raise: `unknown <what>; allowed are <number> (<name>), ....`"""
    return f"unknown {what}; allowed are {', '.join(f'{number} ({name})' for name, number in kinds.items())}."


def unlisted(what: str, kind: object, kinds: Mapping[str, object]) -> ValueError:
    """Error of a kind that there is no case for."""
    return ValueError(refusal(f"{what} {kind!r}", kinds))


def require_listed(what: str, kind: object, kinds: Mapping[str, object]) -> None:
    """Raise the error of `unlisted` unless the kind is one of the list's numbers."""
    if kind not in kinds.values():
        raise unlisted(what, kind, kinds)
