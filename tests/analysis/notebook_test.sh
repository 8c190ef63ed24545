#!/bin/sh
# Runs the notebook on a real result, headless: a copy of analysis/ beside a results/ folder that holds it.
#   notebook_test.sh SOURCE_FOLDER BUILD_FOLDER RESULT
set -eu
if ! command -v jupyter >/dev/null || ! jupyter nbconvert --version >/dev/null 2>&1; then
  echo "SKIPPED: no jupyter nbconvert (Debian: jupyter-nbconvert, python3-ipykernel)"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/analysis" "$scratch/results"
cp "$1"/analysis/*.py "$1"/analysis/*.ipynb "$scratch/analysis"
ln -s "$2" "$scratch/build"
cp "$3" "$scratch/results/quickstart.h5"

cd "$scratch/analysis"
for notebook in *.ipynb; do
  /usr/bin/python3 - "$notebook" <<'CHECK'
import json, sys
cells = json.load(open(sys.argv[1]))["cells"]
if not all("id" in cell for cell in cells):
    sys.exit(f"{sys.argv[1]}: every cell needs an id")
if any(cell.get("outputs") for cell in cells):
    sys.exit(f"{sys.argv[1]}: commit notebooks without outputs")
CHECK
  jupyter nbconvert --execute --to notebook --output "out-$notebook" "$notebook"
  grep -q '"image/png"' "out-$notebook" || { echo "$notebook: no figure came out"; exit 1; }
done
