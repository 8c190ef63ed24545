"""Draws results of semlink: one function per question, each on axes that the caller gives."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from semlink_results import axes, curves, place_names, runs_together

# Okabe and Ito 2008: told apart with every kind of colour vision.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
DASHES = ["-", (0, (5, 2))]
MOST_NAMED = 6  # curves that are named at their ends; more have a legend


def main_axis(result):
    """The axis to draw against: the SNR where it is swept, else a numeric axis, else one of words; None without axes."""
    def usefulness(name):
        numeric = name in result.coords and result[name].dtype.kind in "fiu"
        return (result.sizes[name] > 1, name in ("channel_snr_db", "channel_ebn0_db"), numeric)
    return max(axes(result), key=usefulness, default=None)


def quality(ax, result, along=None):
    """Mean of the per-image PSNRs."""
    _draw(ax, result, along, {"psnr_db": ""}, "PSNR (dB)", "Quality", from_zero=False)


def classes(ax, result, along=None):
    """Share of samples classified right."""
    _draw(ax, result, along, {"accuracy": ""}, "classified right (%)", "Classes", scale=100, from_zero=False)


def depth(ax, result, along=None):
    """Blocks that ran, mean per image, of both sides."""
    _draw(ax, result, along, {"decoder_depth": "decoder", "encoder_depth": "encoder"}, "blocks run per image", "Depth")


def compute(ax, result, along=None):
    """Multiply-accumulates of both sides, gates included, mean per image."""
    _draw(ax, result, along, {"decoder_macs": "decoder", "encoder_macs": "encoder"}, "million MACs per image", "Compute",
          scale=1e-6)


def rate(ax, result, along=None):
    """Channel uses over source values: payload with token positions, and everything sent."""
    _draw(ax, result, along, {"bandwidth_ratio": "payload", "bandwidth_ratio_total": "in total"},
          "channel uses per source value", "Bandwidth ratio")


def bit_errors(ax, result, along=None):
    """Share of wrong information bits, logarithmic."""
    _draw(ax, result, along, {"bit_error_rate": ""}, "bit error rate", "Bits", logarithmic=True)


def block_errors(ax, result, along=None):
    """Share of blocks with a wrong bit, and the probability that the fade could not carry them."""
    _draw(ax, result, along, {"block_error_rate": "errors", "outage_rate": "outage"}, "block error rate", "Blocks",
          logarithmic=True)


def link_overview(result, title=""):
    """Error rates of bits and blocks on one page; returns the figure."""
    return _page(result, (bit_errors, block_errors), plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained"), title)


def overview(result, title=""):
    """All questions on one page, of images, classes or both; for a source of bits its error rates. Returns the figure."""
    if "bit_error_rate" in result:
        return link_overview(result, title)
    outputs = [draw for metric, draw in (("psnr_db", quality), ("accuracy", classes)) if metric in result]
    questions = outputs + [depth, compute, rate]
    columns = (len(questions) + 1) // 2
    return _page(result, questions, plt.subplots(2, columns, figsize=(5 * columns, 7.2), layout="constrained"), title)


def _page(result, questions, page, title):
    """Draws a question on each panel of a page. One legend below all of them names curves that are too many for their
    panels."""
    figure, panels = page
    for ax, draw in zip(panels.flat, questions):
        draw(ax, result)
    for ax in panels.flat[len(questions):]:
        ax.remove()
    figure.suptitle(title, fontsize=11)
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    if legends:
        names = figure.axes[0].get_legend_handles_labels()
        for legend in legends:
            legend.remove()
        extent = _place_legend(figure, names)
        height = extent.height / figure.bbox.height + 0.02
        figure.get_layout_engine().set(rect=(0, height, 1, 1 - height))
    return figure


def _place_legend(figure, names):
    """Names the curves below all panels, in as many columns as the page has room for. Returns the extent in pixels."""
    for columns in range(min(3, len(names[1])), 0, -1):
        legend = figure.legend(*names, loc="lower center", ncols=columns, fontsize=8, frameon=False)
        extent = legend.get_window_extent(figure.canvas.get_renderer())
        if extent.width <= figure.bbox.width or columns == 1:
            return extent
        legend.remove()


def image_grid(rows, column_titles, title=""):
    """Images in a table, pixels kept sharp; `rows` holds lists of arrays [height, width, 3]. Returns the figure."""
    num_columns = len(column_titles)
    figure, panels = plt.subplots(len(rows), num_columns, figsize=(1.35 * num_columns, 1.4 * len(rows) + 0.3),
                                  squeeze=False, layout="constrained")
    for images, line in zip(rows, panels):
        for image, ax in zip(images, line):
            ax.imshow(image, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
    for ax, text in zip(panels[0], column_titles):
        ax.set_title(text, fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def _draw(ax, result, along, metrics, y_label, title, scale=1.0, from_zero=True,
          logarithmic=False):
    """Every metric (name: what to call it) against the axis `along`: colour by curve, dashes by metric; one that the
    result lacks is left out."""
    along = along or main_axis(result)
    coordinate = result[along]
    together = along in result.dims and runs_together(result, along)
    ordered = coordinate.dtype.kind in "fiu" and not together
    if together:
        result = result.assign_coords({along: [textwrap.fill(name, 24) for name in place_names(result, along)]})
    ends = []
    most_curves = 0
    for dash, (metric, called) in zip(DASHES, metrics.items()):
        found = curves(result, metric, along) if metric in result else []
        most_curves = max(most_curves, len(found))
        for number, curve in enumerate(found):
            colour = COLOURS[number % len(COLOURS)]
            marker = MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]  # another one in every round of colours
            y, low, high = (scale * values for values in (curve.y, curve.low, curve.high))
            if logarithmic:
                if not (y > 0).any():
                    continue
                y = np.where(y > 0, y, np.nan)
                low = np.where(low > 0, low, np.nanmin(y) / 10)
            name = curve.label if dash == DASHES[0] else None
            if ordered:
                ax.plot(curve.x, y, color=colour, linestyle=dash, marker=marker, markersize=3.5, fillstyle="none", label=name)
                ax.fill_between(curve.x, low, high, color=colour, alpha=0.2, linewidth=0)
            else:
                ax.errorbar(curve.x, y, yerr=[y - low, high - y], color=colour, fmt=marker, markersize=3.5, capsize=3, label=name)
            ends.append((y[np.isfinite(y)][-1], ", ".join(filter(None, (called, curve.label))), colour))
    ax.set(xlabel="" if together else _axis_label(coordinate), ylabel=y_label)
    if together:
        ax.tick_params(axis="x", labelrotation=90, labelsize=7)
    ax.set_title(title, loc="left", fontsize=10)
    if logarithmic:
        ax.set_yscale("log")
    elif from_zero:
        ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    if most_curves > MOST_NAMED:
        called = [name for metric, name in metrics.items() if metric in result and name]
        ax.set_title(title + (f" (solid: {called[0]}, dashed: {called[1]})" if len(called) > 1 else ""), loc="left", fontsize=10)
        ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    else:
        _label_ends(ax, coordinate.values.max() if ordered else coordinate.size - 1, ends)


def _axis_label(coordinate):
    """The key for an axis of words; for numbers the first clause of what the file says about them, with the unit."""
    if coordinate.dtype.kind not in "fiu":
        return coordinate.attrs.get("key", coordinate.name)
    name = coordinate.attrs.get("long_name", coordinate.name).partition(";")[0]
    unit = coordinate.attrs.get("units", "1")
    return textwrap.fill(name if unit in ("", "1") else f"{name} ({unit})", 45)


def _label_ends(ax, x, labels):
    """Names each curve beside its last point, moved apart where they would touch, kept inside the axes."""
    to_height, to_value = (np.log10, lambda height: 10.0**height) if ax.get_yscale() == "log" else (float, float)
    low, high = (to_height(limit) for limit in ax.get_ylim())
    gap = 0.06 * (high - low)
    labels = sorted(labels, key=lambda label: label[0])
    heights = [to_height(y) for y, _, _ in labels]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    ceiling = high
    for i in reversed(range(len(heights))):
        heights[i] = min(heights[i], ceiling)
        ceiling = heights[i] - gap
    for height, (_, text, colour) in zip(heights, labels):
        ax.annotate(text, (x, to_value(height)), xytext=(6, 0), textcoords="offset points", color=colour, fontsize=8,
                    verticalalignment="center", annotation_clip=False)
