#!/usr/bin/env python3
"""Maps designs to FPGAs with Yosys and counts by block. See tools/fpga.sh.

    main.py FOLDER --families xc7 ecp5 --designs nano [--json FILE] [--markdown FILE]

FOLDER/DESIGN/rtl has the output of `quillgen generate`.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

# What a cell counts as. A MUXF joins LUTs of the same slice and takes none itself; carry chains lie beside them.
# Of block RAM a unit is 18 kbit in Xilinx 7 and 18 kbit in ECP5.
FAMILIES = {
    'xc7': {
        'synth': 'synth_xilinx -family xc7 -noclkbuf -noiopad -top {top}',
        'lut': {**{f'LUT{n}': 1 for n in range(1, 7)}, 'RAM32M': 4, 'RAM64M': 4, 'RAM32X1D': 2, 'RAM64X1D': 2, 'RAM128X1D': 4,
                'SRL16E': 1, 'SRLC32E': 1, 'INV': 1},
        'ff': ('FDRE', 'FDSE', 'FDCE', 'FDPE'),
        'dsp': {'DSP48E1': 1},
        'bram': {'RAMB18E1': 1, 'RAMB36E1': 2},
    },
    'ecp5': {
        'synth': 'synth_ecp5 -noflatten -top {top}',
        # A distributed RAM of 16 x 4 takes the logic of a slice and a half: two LUTs of data, one of addresses.
        'lut': {'LUT4': 1, 'TRELLIS_DPR16X4': 3, 'CCU2C': 2},
        'ff': ('TRELLIS_FF',),
        'dsp': {'MULT18X18D': 1, 'ALU54B': 0},
        'bram': {'DP16KD': 1, 'PDPW16KD': 1},
    },
}
COLUMNS = ('lut', 'ff', 'dsp', 'bram')
# A memory of so many bits and words belongs into block RAM, which has 16 to 18 kbit; what is less deep fits the LUTs better.
LARGE_MEMORY = 8192
DEEP_MEMORY = 128
REGISTERS = 16  # beside a word that is read: flip-flops of an address, say
SMALL_BLOCK = 0.02  # of a design's LUTs or block RAM: below it a block has no row of its own


def mapped(folder, family, top):
    """Cells by module: {module: {cell or module: count}}. What was mapped before, and has not changed, is read."""
    rtl = folder / 'rtl'
    sources = sorted(rtl.glob('*.v'))
    script = '\n'.join([f'read_verilog -sv {source}' for source in sources] +
                       [f'hierarchy -check -top {top}', FAMILIES[family]['synth'].format(top=top),
                        f'tee -q -o {folder}/{family}.stat.txt stat'])
    key = hashlib.sha256((script + ''.join(source.read_text() for source in sources)).encode()).hexdigest()
    key_file, log = folder / f'{family}.key', folder / f'{family}.log'
    if not key_file.exists() or key_file.read_text() != key:
        print(f'== {folder.name}: mapping to {family}', file=sys.stderr, flush=True)
        key_file.unlink(missing_ok=True)  # from here on what lies there may be half of another design
        (folder / f'{family}.ys').write_text(script)
        done = subprocess.run(['yosys', '-q', '-l', log, folder / f'{family}.ys'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f'yosys failed on {folder.name}, see {log}: {done.stderr.strip()}')
        key_file.write_text(key)
    return read_stat((folder / f'{family}.stat.txt').read_text())


def read_stat(text):
    """Both forms of Yosys: a number behind the name of the cell, and since 0.40 in front of it."""
    modules, current = {}, None
    for line in text.splitlines():
        if heading := re.match(r'=== (\S+) ===$', line):
            current = modules.setdefault(heading[1], {})
        elif line.strip().startswith('design hierarchy') or line.startswith('=== design hierarchy'):
            current = None
        elif current is not None:
            if cell := re.match(r'\s+(\S+)\s+(\d+)$', line):
                current[cell[1]] = int(cell[2])
            elif cell := re.match(r'\s+(\d+)\s+(?:[\d.eE+-]+\s+)?(\S+)$', line):
                current[cell[2]] = int(cell[1])
    modules.pop('design', None)
    return modules


class Counts:
    """Resources of a module with all below it."""

    def __init__(self, modules, family):
        self.modules, self.family, self.known = modules, FAMILIES[family], {}

    def own(self, cell, number):
        f = self.family
        return (f['lut'].get(cell, 0) * number, number if cell in f['ff'] else 0, f['dsp'].get(cell, 0) * number,
                f['bram'].get(cell, 0) * number)

    def of(self, module):
        if module not in self.known:
            total = (0, 0, 0, 0)
            for cell, number in self.modules[module].items():
                part = self.of(cell) if cell in self.modules else None
                add = tuple(number * n for n in part) if part else self.own(cell, number)
                total = tuple(a + b for a, b in zip(total, add))
            self.known[module] = total
        return self.known[module]


def plain(module):
    """Without what Yosys makes of parameters."""
    return re.sub(r'^\$paramod(?:\$[0-9a-f]+)?\\?', '', module).split('\\')[0]


def blocks_of(modules, top):
    """[(name, module, instances)]: what the top instantiates, and in the place of the core what that does."""
    found = []
    def visit(module, times):
        for cell, number in modules[module].items():
            if cell not in modules:
                continue
            if plain(cell) in ('msda_core', 'sampling_column', 'gemm_unit'):
                visit(cell, times * number)
            else:
                found.append((plain(cell), cell, times * number))
    visit(top, 1)
    return found


def memories(log):
    """{module: (depth, width)} of the memories, out of the log of Yosys, which hides parameters in the names of modules."""
    return {m[3]: (int(m[2]), int(m[1])) for m in re.finditer(
        r"Parameter \\WIDTH = (\d+)\nParameter \\DEPTH = (\d+)\nParameter \\ADDRESS_BITS = \d+\n"
        r"Generating RTLIL representation for module `(\S+\\sram_1r1w)'", log)}


def faults(counts, geometry, depth):
    """Large memories that are no block RAM, any that became flip-flops, and PEs (of `depth` products a cycle) without DSPs."""
    problems = []
    used = {module: size for module, size in geometry.items() if module in counts.modules}  # others are what parameters default to
    if not used:
        problems.append('no memory was found in the log of Yosys')
    for module, (words, width) in used.items():
        _, ff, _, bram = counts.of(module)
        if bram == 0 and words >= DEEP_MEMORY and words * width >= LARGE_MEMORY:
            problems.append(f'a memory of {words} x {width} bits is no block RAM')
        if ff > width + REGISTERS and words > 2:
            problems.append(f'a memory of {words} x {width} bits is {ff} flip-flops')
    for module in counts.modules:
        if plain(module) == 'pe' and counts.of(module)[2] < depth:
            problems.append(f'a PE of {depth} products has {counts.of(module)[2]} DSPs')
    return problems


def rows(design, table, totals, families):
    """Lines of markdown: the largest blocks first, those that are small in every family in one."""
    def of(name, family, column):
        return table[name].get(family, (0, 0, 0, 0))[column]
    def small(name):
        return all(of(name, f, i) < SMALL_BLOCK * max(1, totals[f][i]) for f in families for i in (0, 3))
    largest = sorted(table, key=lambda name: -of(name, families[0], 0))
    few = [name for name in largest if small(name)]
    lines = [(name, table[name]) for name in largest if name not in few]
    lines.append((f'{len(few)} others, each below {100 * SMALL_BLOCK:.0f} %', {f: tuple(sum(of(name, f, i) for name in few) for i in range(4)) for f in families}))
    lines.append(('all', totals))
    return [f'| {design} | {name} | ' + ' | '.join(' | '.join(f'{n:,}' for n in row.get(f, (0, 0, 0, 0))) for f in families) + ' |' for name, row in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--families', nargs='+', choices=FAMILIES)
    parser.add_argument('--designs', nargs='+')
    parser.add_argument('--json')
    parser.add_argument('--markdown')
    o = parser.parse_args()
    report, failed = {}, False
    lines = ['| design | block | ' + ' | '.join(f'{f} LUT | FF | DSP | BRAM18' for f in o.families) + ' |',
             '|---|---|' + '---|---|---|---|' * len(o.families)]
    for design in o.designs:
        folder = o.folder / design
        manifest = json.loads((folder / 'rtl' / 'manifest.json').read_text())
        top = manifest['top']
        table, totals = {}, {}
        for family in o.families:
            counts = Counts(mapped(folder, family, top), family)
            totals[family] = counts.of(top)
            for name, module, number in blocks_of(counts.modules, top):
                row = table.setdefault(name, {}).get(family, (0, 0, 0, 0))
                table[name][family] = tuple(a + number * b for a, b in zip(row, counts.of(module)))
            for problem in faults(counts, memories((folder / f'{family}.log').read_text()), manifest['config']['gemm']['depth']):
                print(f'{design} on {family}: {problem}')
                failed = True
        lines += rows(design, table, totals, o.families)
        report[design] = {'all': {f: dict(zip(COLUMNS, totals[f])) for f in o.families},
                          'blocks': {name: {f: dict(zip(COLUMNS, n)) for f, n in row.items()} for name, row in table.items()}}
    print('\n'.join(lines))
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps(report, indent=1) + '\n')
    if o.markdown:
        pathlib.Path(o.markdown).write_text('\n'.join(lines) + '\n')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
