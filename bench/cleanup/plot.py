#!/usr/bin/env python3
"""Draws the cleanup's times as an SVG with two logarithmic axes. Usage: plot.py CLEANUP.JSONL SVG

The picture has no background and follows the reader's light or dark scheme. Nothing but Python is needed.
"""

import math
import pathlib
import sys

from table import NAMES, medians, seconds

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 60, 50
# The heights of labels, so that two of them do not lie on each other.
LINE = 17

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 16px; font-weight: 600; fill: #24292f }
  .grid { stroke: #8c959f; stroke-opacity: .3 }
  .line { stroke-width: 2.5; stroke-linejoin: round }
  .done { stroke-width: 1.5; stroke-dasharray: 2 4 }
  .codriver { stroke: #1a7f37; fill: #1a7f37 } .raw { stroke: #0969da; fill: #0969da } .kubectl { stroke: #cf222e; fill: #cf222e }
  text.label { stroke: none; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title { fill: #f0f6fc }
    .codriver { stroke: #3fb950; fill: #3fb950 } .raw { stroke: #4493f8; fill: #4493f8 } .kubectl { stroke: #f85149; fill: #f85149 }
  }
  .line { fill: none }
"""
# Solid and dotted lines.
MEASURED = {"gone": "", "done": " done"}


class Axis:
    """Maps values to the picture, a decade as long as any other."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def decades(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def apart(labels):
    """Moves labels down until none touches the one above it. A label is [height, class, text]."""
    labels.sort()
    for above, below in zip(labels, labels[1:]):
        below[0] = max(below[0], above[0] + LINE)
    return labels


def draw(sizes):
    times = [of[what] for ways in sizes.values() for of in ways.values() for what in MEASURED]
    x, y = Axis(sizes, LEFT, WIDTH - RIGHT), Axis(times, HEIGHT - BOTTOM, TOP)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    yield "<title>Time to remove executors, by their number</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<text class="title" x="{LEFT}" y="26">Removing executors</text>'
    yield f'<text x="{LEFT}" y="45">solid: until the last one is gone; dotted: until the command is done</text>'
    for time in y.decades():
        yield f'<path class="grid" d="M{LEFT} {y.at(time):.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y.at(time) + 4:.1f}" text-anchor="end">{label(time)}</text>'
    for count in x.decades():
        yield f'<path class="grid" d="M{x.at(count):.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x.at(count):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{count:,.0f}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">executors</text>'
    labels = []
    for way, name in NAMES.items():
        points = [(size, ways[way]) for size, ways in sizes.items() if way in ways]
        if not points:
            continue
        for what, dotted in MEASURED.items():
            path = "L".join(f"{x.at(size):.1f} {y.at(of[what]):.1f}" for size, of in points)
            yield f'<path class="line {way}{dotted}" d="M{path}"/>'
        for size, of in points:
            yield (f'<circle class="{way}" cx="{x.at(size):.1f}" cy="{y.at(of["gone"]):.1f}" r="3.5">'
                   f"<title>{name}: {size:.0f} executors, {seconds(of['gone'])}</title></circle>")
        size, of = points[-1]
        labels.append([y.at(of["done"]) - 6, way, f"{name}, {seconds(of['done'])}", x.at(size) + 10])
    for height, way, text, left in apart(labels):
        yield f'<text class="label {way}" x="{left:.1f}" y="{height:.1f}">{text}</text>'
    yield "</svg>"


def label(time):
    return f"{time:g} s" if time >= 1 else f"{time * 1000:g} ms"


def main():
    results, picture = sys.argv[1:]
    with open(picture, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in draw(medians(pathlib.Path(results))))


main()
