"""The README's library example is the file that the tests compile, its scenario runs; its commands and rooms exist.

    readme_test.py SOURCE_FOLDER PROGRAM
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(sys.argv.pop(1))
PROGRAM = sys.argv.pop(1)
README = (TOP / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


class Readme(unittest.TestCase):
    def test_library_example_is_the_compiled_file(self):
        compiled = (TOP / "tests/readme/library_example.cpp").read_text(encoding="utf-8")
        self.assertEqual(blocks("cpp"), [compiled])

    def test_scenario_is_one(self):
        (scenario,) = blocks("ini")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mine.ini"
            file.write_text(scenario.replace("include = ", f"include = {TOP}/"), encoding="utf-8")
            plan = subprocess.run([PROGRAM, "run", file, "--dry-run", "--run.threads=1"], cwd=folder, check=True,
                                  capture_output=True, text=True).stdout
        self.assertRegex(plan, r"points: .*10\b")

    def test_scripts_and_scenarios_of_the_commands_exist(self):
        files = re.findall(r"\S+\.(?:sh|ini)\b", "".join(blocks("sh")))
        self.assertIn("./scenarios/run.sh", files)
        self.assertEqual([name for name in files if not (TOP / name).is_file()], [])

    def test_rooms_of_the_map_exist(self):
        rooms = re.findall(r"^\| `([\w/]+)` \|", README, re.MULTILINE)
        self.assertEqual([room for room in rooms if not (TOP / room).is_dir()], [])
        folders = {path.name for path in TOP.iterdir() if path.is_dir() and path.name[0] != "."}
        folders = {name for name in folders if name not in ("cmake", "results") and not name.startswith("build")}
        self.assertEqual(folders - {room.split("/")[0] for room in rooms}, set())

    def test_linked_files_exist(self):
        links = re.findall(r"\]\(([^)#:]+)\)", README)
        self.assertEqual([name for name in links if not (TOP / name).exists()], [])


if __name__ == "__main__":
    unittest.main()
