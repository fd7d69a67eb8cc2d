"""The approval log of a registered model: one tag an entry, numbered, each with the hash of the one before it.

It is part of the registry entry itself, so it goes where the registry goes. Entries are added and never changed; one that was
edited or removed breaks the chain, and reading says where. A tag beside them holds the newest hash, so that the end cannot be
cut off unnoticed. Who may write every tag can forge the whole log: keep a copy of the newest hash elsewhere, e.g. in minutes.
"""

import json
from hashlib import sha256
from typing import Any

from pipelines.errors import InputError

PREFIX = "approval."
NEWEST = "newest_approval"
FIRST = "0" * 64
RESTORE = "restore the registry from a copy before anything is promoted"


def read(client: Any, model: str) -> list[dict[str, Any]]:
    """Return the entries in order, none of a model nobody registered; InputError names the first that was changed."""
    known = client.search_registered_models(f"name = '{model}'")
    tags = known[0].tags if known else {}
    entries: list[dict[str, Any]] = []
    for number, key in enumerate(sorted(key for key in tags if key.startswith(PREFIX)), start=1):
        entry = _parsed(tags[key])
        body = {name: value for name, value in entry.items() if name != "hash"}
        follows = body.get("previous") == (entries[-1]["hash"] if entries else FIRST)
        if key != _key(number) or entry.get("hash") != _hash(body) or not follows:
            raise InputError(
                f"approval log of {model}: entry {number} was changed, or one before it is gone; {RESTORE}"
            )
        entries.append(entry)
    # The tag is written after the entry: it may lag behind, but what it names must be there.
    if NEWEST in tags and tags[NEWEST] not in {entry["hash"] for entry in entries}:
        raise InputError(f"approval log of {model}: the entries after number {len(entries)} are gone; {RESTORE}")
    return entries


def append(client: Any, model: str, said: dict[str, Any]) -> dict[str, Any]:
    """Add an entry and return it with its hash; InputError if somebody else wrote at the same moment."""
    entries = read(client, model)
    body = {"previous": entries[-1]["hash"] if entries else FIRST, **said}
    entry = {**body, "hash": _hash(body)}
    key = _key(len(entries) + 1)
    client.set_registered_model_tag(model, key, json.dumps(entry, ensure_ascii=False))
    # Of two writers of one entry the later stays; the earlier one learns it here, before it moves any alias.
    if json.loads(client.get_registered_model(model).tags[key])["hash"] != entry["hash"]:
        raise InputError(
            f"somebody else promoted {model} at the same moment; look at `admission promote --history` and decide again"
        )
    client.set_registered_model_tag(model, NEWEST, entry["hash"])
    return entry


def _parsed(text: str) -> dict[str, Any]:
    """Return an entry, empty if it is none: the chain then says that it was changed."""
    try:
        entry = json.loads(text)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _key(number: int) -> str:
    return f"{PREFIX}{number:06d}"


def _hash(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
