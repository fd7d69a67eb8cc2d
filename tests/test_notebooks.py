import contextlib
import runpy
from pathlib import Path

import pytest
from main_job import finished_run

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_from_top_to_bottom_on_a_finished_run(notebook, capsys):
    with contextlib.chdir(finished_run()):
        runpy.run_path(str(notebook))

    assert "auc" in capsys.readouterr().out
