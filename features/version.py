"""What a set of features means, as one hash: a model scores only features defined as those that it learnt from."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from features.catalogue import Catalogue, Feature
from features.tables import Table


def feature_set(features: Iterable[Feature]) -> str:
    """Return the sha256 of the definitions of features; names and sources in words do not count, formulas do."""
    return _hash(
        (f.id, f.formula, f.frame.name, f.window, f.unit, f.clip, f.missing, f.zero_if_checked, f.standardise_within)
        for f in features
    )


def read_tables(features: Iterable[Feature]) -> tuple[str, ...]:
    """Return the tables without which some of the features are not assessed, by name."""
    return tuple(sorted({table for feature in features for table in feature.frame.reads}))


def contract(features: Iterable[Feature], tables: Mapping[str, Table]) -> str:
    """Return the sha256 of the contract of the tables that features read: keys, columns, types and allowed values."""
    read = {name for f in features for name in (*f.frame.reads, *f.frame.may_read) if name in tables}
    return _hash(_shape(tables[name]) for name in sorted(read))


def declarations(names: Iterable[str], catalogue: Catalogue, tables: Mapping[str, Table]) -> dict[str, str]:
    """Return the fingerprints of what some features mean and of the tables they are read from; a bundle carries them."""
    features = [catalogue.feature(name) for name in names]
    return {"feature_set": feature_set(features), "contract": contract(features, tables)}


def _shape(table: Table) -> tuple[object, ...]:
    columns = [(c.name, c.kind, c.unit, c.required, c.allowed, c.minimum, c.maximum, c.revealed_by) for c in table]
    return table.name, table.key, table.availability, table.happened, table.reporting_lag_days, columns


def _hash(parts: Iterable[object]) -> str:
    return sha256("\n".join(map(repr, parts)).encode()).hexdigest()
