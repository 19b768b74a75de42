# Area and longest paths of generated designs: main.py FOLDER REASONS DESIGN.. [--json FILE] [--markdown FILE] [--library FILE] [--driver CELL], the Verilog in FOLDER/DESIGN/rtl.
# Exit status 1 when one of these rules is broken:
#   no path passes two multipliers;
#   no path is longer than twice the median of the worst paths of the blocks of the lane, or a line of REASONS says why. A line is DESIGN END: REASON,
#   END the end of such paths as printed, with * for any text. A line for a design of which no such path ends there is a fault too.
import argparse
import json
import os
import statistics
import sys

import library
from blocks import CONTAINERS, Design
from measure import measure
from reasons import Reasons
from synthesise import Mapper


def share(row, group):
    return 100 * row[f'{group}_um2'] / row['um2'] if row['um2'] else 0


def table(name, design, rows, total):
    yield f'{name} in {library.NAME}: logic by block, memories left out (SRAM macros of {design.memory_bits} bits), register files in flip-flops'
    yield f'{"block":22} {"um2":>9} {"cells":>7} {"flops":>6} {"mult %":>7} {"add %":>6} {"in series":>9} {"ns":>6}  longest path that ends in it'
    rank = lambda row: (not row['in_lane'], row['block'] in design.containers, row['block'])
    for row in sorted(rows, key=rank):
        label = row['block'] + (', rest' if row['block'] in design.containers else '')
        series = f'{row["multipliers_in_series"]}*, {row["adders_in_series"]}+'
        yield (f'{label:22} {row["um2"]:9.0f} {row["cells"]:7} {row["flops"]:6} {share(row, "multipliers"):7.1f} {share(row, "adders"):6.1f} '
               f'{series:>9} {row["path_ns"]:6.2f}  {row["start"]} -> {row["end"]}')
    yield (f'{"all":22} {total["um2"]:9.0f} {total["cells"]:7} {total["flops"]:6} {share(total, "multipliers"):7.1f} {share(total, "adders"):6.1f} '
           f'{"":9} {max(row["path_ns"] for row in rows):6.2f}')


LEAST_PERCENT = 1  # of a design, for a row of its own


def markdown(results):
    """The table of README.md beside this: the blocks of at least LEAST_PERCENT of a design, the largest first, and all others together."""
    rows = {name: {row['block']: row for row in result['blocks']} for name, result in results.items()}
    part = lambda name, block: 100 * rows[name][block]['um2'] / results[name]['total']['um2'] if block in rows[name] else 0
    last = list(results)[-1]
    blocks = sorted({block for of in rows.values() for block in of}, key=lambda block: -max(part(name, block) for name in results))
    large = [block for block in blocks if any(part(name, block) >= LEAST_PERCENT for name in results)]
    containers = ['quillgen'] + CONTAINERS

    def line(label, members):
        cells = [label]
        for name in results:
            found = [rows[name][block] for block in members if block in rows[name]]
            um2 = sum(row['um2'] for row in found)
            cells += [f'{um2:,.0f}', f'{100 * um2 / results[name]["total"]["um2"]:.1f} %', f'{max((row["path_ns"] for row in found), default=0):.2f}']
        found = [rows[last][block] for block in members if block in rows[last]]
        um2, arithmetic = sum(row['um2'] for row in found), sum(row[f'{group}_um2'] for row in found for group in ('multipliers', 'adders'))
        return '| ' + ' | '.join(cells + [f'{100 * arithmetic / um2 if um2 else 0:.0f} %']) + ' |'

    yield '| block | ' + ' | '.join(f'{name}, um2 | share | ns' for name in results) + f' | of {last}, multipliers and adders |'
    yield '|---' * (2 + 3 * len(results)) + '|'
    for block in large:
        yield line(f'between the blocks of {block}' if block in containers else block, [block])
    others = [block for block in blocks if block not in large]
    yield line(f'{len(others)} others, each below {LEAST_PERCENT} %', others)
    yield line('all', blocks)


def report(name, folder, reasons_file):
    """Prints what a design has and returns (its results, faults)."""
    design = Design(os.path.join(folder, 'rtl'))
    mapper = Mapper(name, design, folder)
    mapper.map_all()
    rows, paths = measure(mapper)
    total = {key: sum(row[key] for row in rows) for key in ('um2', 'cells', 'flops', 'multipliers_um2', 'adders_um2')}
    print('\n'.join(table(name, design, rows, total)))
    arithmetic = share(total, 'multipliers') + share(total, 'adders')
    median = statistics.median(row['path_ns'] for row in rows if row['in_lane'])
    print(f'{name}: multipliers and adders, each mapped alone, are {arithmetic:.1f} % of the logic area')
    print(f'{name}: the median of the worst paths of the {len(design.lane_blocks)} blocks of the lane is {median:.2f} ns, twice that {2 * median:.2f} ns')

    faults = [f'{row["block"]}: {row["multipliers_in_series"]} multipliers in series' for row in rows if row['multipliers_in_series'] > 1]
    reasons = Reasons(reasons_file, name)
    long_paths = sorted(((ns, start, end) for end, (ns, start) in paths.items() if ns > 2 * median), reverse=True)
    unexplained = [path for path in long_paths if not reasons.explain(path[2])]
    faults += [f'too long: {ns:.2f} ns from {start} to {end}' for ns, start, end in unexplained[:20]]
    if len(unexplained) > 20:
        faults.append(f'and {len(unexplained) - 20} more')
    for end, reason, count in reasons.lines:
        if count:
            print(f'{name}: long, with a reason, {count} paths to {end}: {reason}')
        else:
            faults.append(f'{reasons_file} explains paths to {end}, but none is too long: take the line out')
    manifest = json.load(open(os.path.join(folder, 'rtl', 'manifest.json')))
    results = {'library': library.NAME, 'config': manifest['config'], 'median_ns': median, 'limit_ns': 2 * median, 'memory_bits': design.memory_bits, 'arithmetic_percent': arithmetic,
               'total': total, 'blocks': rows, 'long_paths': [{'ns': ns, 'start': start, 'end': end} for ns, start, end in long_paths]}
    return results, [f'{name}: {fault}' for fault in faults]


def main():
    arguments = argparse.ArgumentParser()
    for name in ('folder', 'reasons'):
        arguments.add_argument(name)
    arguments.add_argument('designs', nargs='+')
    for name in ('json', 'markdown'):
        arguments.add_argument(f'--{name}')
    arguments.add_argument('--library')
    arguments.add_argument('--driver')
    given = arguments.parse_args()
    library.use(given.library, os.path.join(given.folder, 'library'), given.driver)
    results, faults = {}, []
    for name in given.designs:
        results[name], more = report(name, os.path.join(given.folder, name), given.reasons)
        faults += more
    if given.json:
        with open(given.json, 'w') as out:
            json.dump(results, out, indent=2)
    if given.markdown:
        with open(given.markdown, 'w') as out:
            out.write('\n'.join(markdown(results)) + '\n')
    print('\n'.join(faults) if faults else 'every rule holds')
    sys.exit(1 if faults else 0)


try:
    main()
except (RuntimeError, OSError) as problem:
    print(f'area: {problem}', file=sys.stderr)
    sys.exit(2)
