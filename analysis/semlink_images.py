"""Images of single trials: `semlink replay` runs a trial of a result again and draws what was sent beside what was received."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.image

GAP = 4  # white columns between the two images of a picture

def find_program():
    """The program `semlink`: the one built in this tree, else the one on the search path."""
    built = Path(__file__).resolve().parent.parent / "build" / "semlink"
    program = built if built.exists() else shutil.which("semlink")
    if not program:
        raise FileNotFoundError("no program semlink: build it, or put it on the search path")
    return program


def replay(path, point, trial):
    """The images (sent, received) of one trial, arrays [height, width, 3]. `point` as `point_index` gives it."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "trial.png"
        subprocess.run([find_program(), "replay", path, "--point", str(point), "--trial", str(trial), "--png", picture],
                       check=True, stdout=subprocess.DEVNULL)
        both = matplotlib.image.imread(picture)[..., :3]
    width = (both.shape[1] - GAP) // 2
    return both[:, :width], both[:, -width:]
