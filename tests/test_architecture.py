"""The rules of the house, each red if broken: layers, purity, and one name for a stage wherever it appears."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli import app
from pipelines.params import Params
from pipelines.sources import SOURCES

ROOT = Path(__file__).parents[1]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

MAY_IMPORT = {
    "features": {"features"},
    "models": {"features", "models"},
    "pipelines": {"features", "models", "pipelines"},
}
PLAIN = {
    "abc",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "logging",
}
PLAIN |= {"math", "operator", "re", "typing"}
PURE = {
    "features": PLAIN | {"ibis"},
    "models": PLAIN | {"concurrent", "lightgbm", "numba", "numpy", "optuna", "pandas", "scipy", "sklearn"},
}
KEEPS_ITS_OWN_FOLDER = {"models/bundle.py": {"json", "pathlib", "sys"}}
CLOCK_AND_WORLD = {"now", "today", "utcnow", "print", "open", "input"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: relative import; name the module in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    above = MAY_IMPORT.keys() - MAY_IMPORT[package]

    for path in modules(package):
        wrong = [module for module in imports(path) if module.split(".")[0] in above]
        assert not wrong, f"{name(path)} imports {wrong}; what both need belongs into the lower package"


@pytest.mark.parametrize("package", PURE)
def test_features_and_models_import_nothing_that_reaches_the_world(package: str) -> None:
    for path in modules(package):
        allowed = PURE[package] | MAY_IMPORT[package] | KEEPS_ITS_OWN_FOLDER.get(name(path), set())
        wrong = [module for module in imports(path) if module.split(".")[0] not in allowed]
        assert not wrong, f"{name(path)} imports {wrong}; files, clocks and networks belong into pipelines"


@pytest.mark.parametrize("package", PURE)
def test_features_and_models_ask_no_clock_open_no_file_and_print_nothing(package: str) -> None:
    for path in modules(package):
        calls = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
        called = {
            f.attr if isinstance(f, ast.Attribute) else f.id for f in calls if isinstance(f, ast.Attribute | ast.Name)
        }
        assert not called & CLOCK_AND_WORLD, f"{name(path)} calls {called & CLOCK_AND_WORLD}"


def test_only_the_point_in_time_module_joins_history_by_availability() -> None:
    for path in modules("features"):
        uses = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr == "availability"]
        # The fingerprint of the contract names the column and joins nothing.
        joins = path.stem in ("point_in_time", "version") or path.parent.name == "quality"
        assert joins or not uses, f"{name(path)} reads Table.availability; use a verb of features.point_in_time"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_module_a_command_and_a_test_file_of_one_name(stage: str) -> None:
    module = tree(ROOT / f"pipelines/{stage}.py")
    functions = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}

    assert "run" in functions
    assert stage in commands
    assert STAGES[stage]["cmd"] == f"admission {stage}"
    assert f"pipelines/{stage}.py" in STAGES[stage]["deps"]
    assert (ROOT / f"tests/pipelines/test_{stage}.py").exists()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_by_its_module_as_by_its_command(stage: str) -> None:
    last = tree(ROOT / f"pipelines/{stage}.py").body[-1]

    assert ast.unparse(last).splitlines()[0] == "if __name__ == '__main__':"
    assert f"run_stage('{stage}')" in ast.unparse(last)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_params_are_sections_of_the_file_and_its_own_section_among_them(stage: str) -> None:
    named = set(STAGES[stage].get("params", []))

    assert named <= {*Params.model_fields, "sources"}
    assert stage not in Params.model_fields or stage in named


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_every_section_it_reads(stage: str) -> None:
    named = set(STAGES[stage].get("params", []))
    read = {
        node.attr
        for node in ast.walk(tree(ROOT / f"pipelines/{stage}.py"))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "params"
    }

    # How many threads and how much memory do not change what comes out.
    assert read & Params.model_fields.keys() - {"engine"} <= named


@pytest.mark.parametrize("stage", ["label", "featurize", "split", "train"])
def test_no_stage_that_trains_reads_the_truth(stage: str) -> None:
    source = (ROOT / f"pipelines/{stage}.py").read_text(encoding="utf-8")

    assert not [dep for dep in STAGES[stage]["deps"] if "truth" in dep or dep == "data"]
    assert "truth" not in source.lower()


Constants = dict[str, Path]


def constants(module: str) -> Constants:
    """Return the paths under data/ that a module of pipelines names in capitals, its own and imported ones."""
    found: Constants = {}
    for node in tree(ROOT / f"pipelines/{module}.py").body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines."):
            other = ROOT / f"{(node.module or '').replace('.', '/')}.py"
            theirs = constants(other.stem) if other.exists() and other.parent.name == "pipelines" else {}
            found |= {a.asname or a.name: theirs[a.name] for a in node.names if a.name in theirs}
        elif isinstance(node, ast.Assign):
            found |= {key: path for key, path in _assigned(node, found) if path is not None}
    return {key: path for key, path in found.items() if path.parts[0] == "data"}


def _assigned(node: ast.Assign, known: Constants) -> list[tuple[str, Path | None]]:
    target, value = node.targets[0], node.value
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    values = value.elts if isinstance(value, ast.Tuple) else [value] * len(targets)
    return [(ast.unparse(t), _path(v, known)) for t, v in zip(targets, values, strict=False)]


def _path(value: ast.expr, known: Constants) -> Path | None:
    match value:
        case ast.Call(func=ast.Name(id="Path"), args=[ast.Constant(value=str(text))]):
            return Path(text)
        case ast.Name(id=constant):
            return known.get(constant)
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=str(text))):
            above = _path(left, known)
            return above and above / text
        case _:
            return None


def covered(path: Path, named: list[str]) -> bool:
    """Whether a path is one of those named, lies in one, or is a folder with one in it."""
    return any(path.is_relative_to(other) or Path(other).is_relative_to(path) for other in named)


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_names_every_folder_that_a_stage_reads_or_writes(stage: str) -> None:
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in STAGES[stage].get(kind, [])]
    writes = [path for entry in entries for path in (entry if isinstance(entry, dict) else [entry])]

    paths = constants(stage)

    assert paths
    for constant, path in paths.items():
        assert covered(path, [*STAGES[stage]["deps"], *writes]), f"pipelines/{stage}.py uses {constant} = {path}"


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_names_every_module_below_that_a_stage_imports(stage: str) -> None:
    for module in imports(ROOT / f"pipelines/{stage}.py"):
        parts = module.split(".")
        if parts[0] in ("features", "models"):
            places = {"/".join(parts[:2]), "/".join(parts[:2]) + ".py"}
            assert places & {*STAGES[stage]["deps"]} or parts[0] in STAGES[stage]["deps"], f"{stage} imports {module}"


def test_what_one_stage_reads_another_writes() -> None:
    written = [
        path
        for stage in STAGES.values()
        for kind in ("outs", "metrics", "plots")
        for entry in stage.get(kind, [])
        for path in (entry if isinstance(entry, dict) else [entry])
    ]

    for stage, entry in STAGES.items():
        for dep in entry["deps"]:
            exists = dep == "${input}" or (ROOT / dep).exists()
            assert covered(Path(dep), written) if dep.startswith("data/") else exists, f"{stage} depends on {dep}"


def test_every_source_is_a_module_or_the_users_own_folder() -> None:
    found = {path.stem for path in (ROOT / "pipelines/sources").iterdir() if not path.stem.startswith("_")}

    assert set(SOURCES) - {"tables"} <= found


def texts() -> list[Path]:
    """Every text file of the repository but what the stages write and what the environment is."""
    tops = [path for path in ROOT.iterdir() if path.is_file()]
    folders = ("features", "models", "pipelines", "tests", "notebooks", ".ci", "docs")
    below = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    kinds = {".py", ".md", ".yaml", ".yml", ".toml", ".lock", ".j2", ".css", ".ipynb", ".txt", ".json", ""}
    return [path for path in (*tops, *below) if path.is_file() and path.suffix in kinds]


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"(?<![\w.])/" + r"(work|root|home|Users)/\w")

    for path in texts():
        found = place.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{name(path)}: {found.group() if found else ''}"


def test_the_lock_pins_every_package_by_hash_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^\S.*(?:\\\n(?:\s+--hash=sha256:\w{64}.*\n?)+)", lock, re.MULTILINE)

    assert len(packages) == len(re.findall(r"^[a-zA-Z0-9]", lock, re.MULTILINE)) > 50
    assert "://" not in lock
    assert "index-url" not in lock
