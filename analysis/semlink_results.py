"""Reads the result files of semlink into xarray.

A result is HDF5 in the netCDF-4 data model: sweep axes are coordinates (`channel_snr_db`), metrics are variables over
them (`psnr_db`), each with `<metric>_ci95_low` and `<metric>_ci95_high`. FORMAT.md beside this file lists all names.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import xarray as xr


def open_result(path):
    """The points of a result: an xarray Dataset in memory, the file closed. Points that did not run hold NaN."""
    with xr.open_dataset(path, engine="h5netcdf") as file:
        result = file.load()
    if "num_trials" not in result:
        raise ValueError(f"{path}: no variable num_trials: expected a result of `semlink run`")
    ran = result.num_trials > 0
    for name, variable in result.data_vars.items():
        if variable.dtype.kind == "f" and variable.dims == ran.dims:
            result[name] = variable.where(ran)
    return result


def open_trials(path):
    """The rows of single trials that a run with `record.trials` wrote, one per trial."""
    with xr.open_dataset(path, engine="h5netcdf", group="trials") as file:
        return file.load()


def axes(result):
    """Names of the sweep axes, slowest first."""
    return list(result.num_trials.dims)


def select(result, **values):
    """The part of a result at the given axis values, numbers to within 1e-6: select(result, channel_snr_db=10)."""
    for name, value in values.items():
        if name not in result.coords:
            raise KeyError(f"{name} is no axis of this result; it has: {' '.join(result.coords)}")
        known = result[name].values
        match = np.isclose(known, float(value), rtol=0, atol=1e-6) if known.dtype.kind in "fiu" else known == value
        if not match.any():
            raise KeyError(f"{name} = {value}: expected one of {' '.join(map(str, np.atleast_1d(known)))}")
        if known.ndim:
            result = result.isel({result[name].dims[0]: int(np.argmax(match))})
    return result


def point_index(result, **values):
    """The number of the point at the given axis values (every axis that has more than one), as `semlink replay` takes it."""
    numbered = result.assign(point=(axes(result), np.arange(result.num_trials.size).reshape(result.num_trials.shape)))
    point = select(numbered, **values).point.squeeze()
    if point.ndim:
        raise ValueError(f"values for {' '.join(values)}: expected one also for {' '.join(point.dims)}")
    return int(point)


def interval(result, metric):
    """Lower and upper end of the 95 % interval of a metric; NaN where the file has none."""
    ends = (f"{metric}_ci95_low", f"{metric}_ci95_high")
    return tuple(result[end] if end in result else xr.full_like(result[metric], np.nan, dtype=float) for end in ends)


@dataclass(frozen=True)
class Curve:
    """A metric along one axis, all others held at the values that `label` tells."""

    label: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curves(result, metric, along):
    """One Curve per combination of the other axes, points that did not run left out. `along` may be a zipped axis."""
    others = [axis for axis in result[metric].dims if axis not in result[along].dims]
    low, high = interval(result, metric)
    found = []
    for index in itertools.product(*(range(result.sizes[axis]) for axis in others)):
        where = dict(zip(others, index))
        y = result[metric].isel(where).values
        ran = np.isfinite(y)
        found.append(Curve(label=_label(result, where), x=result[along].values[ran], y=y[ran],
                           low=low.isel(where).values[ran], high=high.isel(where).values[ran]))
    return [curve for curve in found if curve.x.size]


def _label(result, where):
    return ", ".join(place_names(result, axis)[index] for axis, index in where.items() if result.sizes[axis] > 1)


def runs_together(result, axis):
    """Whether an axis stands for several keys (`zip`)."""
    return any(coordinate.dims == (axis,) and name != axis for name, coordinate in result.coords.items())


def place_names(result, axis):
    """What is set at each place of an axis: `awgn`, or the key's name before a number, `channel_snr_db 10`. Of axes
    that run together every value that is not the same everywhere, each behind its key's name: `model awgn, snr_db 10`."""
    if not runs_together(result, axis):
        return [value if isinstance(value, str) else f"{axis} {value:g}" for value in result[axis].values]
    names = ["" for _ in range(result.sizes[axis])]
    for name, coordinate in result.coords.items():
        if coordinate.dims != (axis,) or name == axis or len(set(coordinate.values)) < 2:
            continue
        called = coordinate.attrs.get("key", name).rpartition(".")[2]
        for place, value in enumerate(coordinate.values):
            names[place] += (", " if names[place] else "") + called + " " + (value if isinstance(value, str) else f"{value:g}")
    return names
