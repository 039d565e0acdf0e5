"""One table of what was measured: each row is ours against a peer in the same run, as ratios."""
import dataclasses
import json
import statistics


@dataclasses.dataclass
class Row:
    """`ours` and `peer` hold one figure for each repeat, taken in turns; the ratio is taken repeat by repeat."""

    name: str
    unit: str
    ours: list
    peer: list
    peer_name: str
    wanted: str  # what is asked for, in words: "at least 0.9"
    within: object  # tells from the median ratio whether that is so

    def ratios(self):
        return [own / other for own, other in zip(self.ours, self.peer)]

    def as_dict(self):
        ratios = self.ratios()
        return {"name": self.name, "unit": self.unit, "peer": self.peer_name, "ours": self.ours, "peer_figures": self.peer, "wanted": self.wanted,
                "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}, "reached": self.within(statistics.median(ratios))}


def at_least(bound):
    return {"wanted": f"at least {bound}", "within": lambda ratio: ratio >= bound}


def at_most(bound):
    return {"wanted": f"at most {bound}", "within": lambda ratio: ratio <= bound}


def shown():
    """A row that nothing is asked of."""
    return {"wanted": "", "within": lambda ratio: True}


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


HEAD = ("what", "unit", "Keyfob", "peer", "its figure", "ratio", "min", "max", "asked for", "")


def cells(row):
    figures = row.as_dict()
    ratio = figures["ratio"]
    mark = "" if not row.wanted else "yes" if figures["reached"] else "short"
    return (row.name, row.unit, number(statistics.median(row.ours)), row.peer_name, number(statistics.median(row.peer)), f"{ratio['median']:.2f}",
            f"{ratio['min']:.2f}", f"{ratio['max']:.2f}", row.wanted, mark)


def text_of(rows):
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown_of(rows):
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join(lines + ["| " + " | ".join(cells(row)) + " |" for row in rows]) + "\n"


def write(rows, folder, about):
    folder.mkdir(exist_ok=True)
    (folder / "latest.json").write_text(json.dumps({"about": about, "rows": [row.as_dict() for row in rows]}, indent=1) + "\n", encoding="utf-8")
    (folder / "latest.md").write_text("".join(f"- {key}: {value}\n" for key, value in about.items()) + "\n" + markdown_of(rows), encoding="utf-8")
