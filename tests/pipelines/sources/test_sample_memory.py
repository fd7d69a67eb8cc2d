"""A portfolio of any size is drawn in the memory of one shard."""

import subprocess
import sys
from pathlib import Path

import pytest

PRODUCE = """
import sys
from datetime import date
from pathlib import Path
from pipelines.sources import sample

sample.SHARD_CUSTOMERS = 1_000
folder = Path(sys.argv[2])
settings = sample.SampleSettings(customers=int(sys.argv[1]), mean_invoices=8.0)
sample.produce(settings, 1, folder / "raw", folder / "truth")
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def peak_mb(customers: int, folder: Path) -> float:
    command = [sys.executable, "-c", PRODUCE, str(customers), str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the high-water mark is read as Linux tells it")
def test_five_shards_take_hardly_more_memory_than_one(tmp_path: Path) -> None:
    one, five = peak_mb(1_000, tmp_path / "one"), peak_mb(5_000, tmp_path / "five")

    assert five < 1.25 * one, f"{five:.0f} MB after {one:.0f} MB"
