import contextlib
import runpy
from pathlib import Path

import pytest
import yaml
from main_job import copy_of_run, params

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))

SAID = {
    "exploring_the_portfolio": ["default_rate", "out_of_time", "Against their direction:"],
    "reading_one_applicant": ["base points", ": admit", "like the best tenth"],
    "retraining_comparing_promoting": ["p_value", "small trees", "certificate: the trees respect all"],
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder as a user has it: a finished run in data/ and the parameters it was made with."""
    folder = tmp_path_factory.mktemp("notebooks")
    with copy_of_run(folder):
        (folder / "params.yaml").write_text(yaml.safe_dump(params().model_dump(mode="json")), encoding="utf-8")
    return folder


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_from_top_to_bottom_on_a_finished_run(notebook, project, monkeypatch, capsys):
    for variable in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    with contextlib.chdir(project):
        runpy.run_path(str(notebook))

    told = capsys.readouterr().out
    assert [words for words in SAID[notebook.stem] if words not in told] == []
