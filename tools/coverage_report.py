# What a merged coverage file of Verilator says: percentages of each module, and the points that are neither covered nor explained.
#   coverage_report.py NAME MERGED RTL EXPLANATIONS...
# A line of EXPLANATIONS is KIND MODULE POINT: REASON. KIND is line or toggle; MODULE and POINT may have * for any text. The point of a line is
# the text of the line; that of a toggle a signal, SIGNAL[HIGH:LOW] some of its bits. The first that fits counts, in the order of the files.
# The status is 1 when a point is left, an explanation explains nothing (one that designs share: in this design), or a percentage is below its target.
# A module that is there several times counts once: a point is covered when it is in one of the instances.
import collections
import fnmatch
import os
import re
import sys


def read_points(file, rtl):
    """{(kind, module, where, point): count}; where is file:line."""
    points = collections.Counter()
    texts = {}
    for line in open(file, errors='replace'):
        found = re.match(r"C '(.*)' (\d+)$", line)
        if not found:
            continue
        key = dict(part.split('\x02', 1) for part in found[1].split('\x01') if part)
        page, module = key['page'].split('/')
        name = key['f']
        if name not in texts:
            texts[name] = open(os.path.join(rtl, os.path.basename(name))).read().split('\n')
        where = f"{os.path.basename(name)}:{key['l']}"
        if page == 'v_toggle':
            kind, point = 'toggle', key['o']
        else:  # lines, and each way of a branch
            kind, point = 'line', f"{texts[name][int(key['l']) - 1].strip()} ({key['o']})"
        module = module.split('__')[0]  # of a wrapper, whatever its parameters
        points[kind, module, where, point] += int(found[2])
    return points


TARGETS = {'line': 95, 'toggle': 90}  # percent


class Explanation:
    def __init__(self, place, text):
        rule, self.reason = text.split(': ', 1)
        self.place, (self.kind, self.module, self.point) = place, rule.split(' ', 2)
        self.points = 0
        bits = re.match(r'(.*)\[(\d+):(\d+)\]$', self.point) if self.kind == 'toggle' else None
        self.bits = (bits[1], int(bits[3]), int(bits[2])) if bits else None

    def explains(self, kind, module, point):
        if kind != self.kind or not fnmatch.fnmatchcase(module, self.module):
            return False
        literal = lambda text: text.replace('[', '[[]')
        if self.bits:
            bit = re.match(r'(.*)\[(\d+)\]$', point)
            return bool(bit and fnmatch.fnmatchcase(bit[1], literal(self.bits[0])) and self.bits[1] <= int(bit[2]) <= self.bits[2])
        if fnmatch.fnmatchcase(point, literal(self.point)):
            return True
        return kind == 'toggle' and fnmatch.fnmatchcase(re.sub(r'(\[\d+\])+$', '', point), literal(self.point))


def percent(part, whole):
    return f'{100 * part / whole:6.1f} %' if whole else '       -'


def main():
    name, merged, rtl, *list_files = sys.argv[1:]
    points = read_points(merged, rtl)
    explanations = []
    for list_file in list_files:
        for number, line in enumerate(open(list_file), 1):
            if line.strip() and not line.startswith('#'):
                explanations.append(Explanation(f'{list_file}:{number}', line.strip()))

    total, covered, explained = (collections.Counter() for _ in range(3))
    open_points = collections.defaultdict(list)
    for (kind, module, where, point), count in sorted(points.items()):
        by = None
        if not count:
            by = next((e for e in explanations if e.explains(kind, module, point)), None)
            if by:
                by.points += 1
            else:
                open_points[kind, module].append((where, point))
        for who in (module, ''):
            total[kind, who] += 1
            covered[kind, who] += count > 0
            explained[kind, who] += by is not None

    print(f'{name:28}   lines  covered  explained    toggles  covered  explained')
    for module in sorted({m for _, m in total}, key=lambda m: (m == '', m)):
        cells = []
        for kind in ('line', 'toggle'):
            k = kind, module
            cells.append(f'{total[k]:6} {percent(covered[k], total[k])} {explained[k]:10}')
        print(f"{module or 'all':28}  {'   '.join(cells)}")
    left = sum(map(len, open_points.values()))
    for (kind, module), places in sorted(open_points.items()):
        for where, point in places:
            print(f'uncovered {kind}: {where}: {point}')
    unused = [e for e in explanations if not e.points]
    for e in unused:
        print(f'{e.place}: explains nothing in {name}: remove it')
    below = [kind for kind, target in TARGETS.items() if 100 * covered[kind, ''] < target * total[kind, '']]
    for kind in below:
        print(f'{name}: less than {TARGETS[kind]} % of the {kind}s')
    print(f"{name}: lines {percent(covered['line', ''], total['line', '']).strip()}, toggles "
          f"{percent(covered['toggle', ''], total['toggle', '']).strip()}, {left} points without an explanation")
    return 1 if left or unused or below else 0


sys.exit(main())
