#!/usr/bin/env python3
"""The two figures of a library that `quillgen explore --library` multiplies bits with: um2 of a bit of a register, and of a multiplier (width times
width), fitted to what tools/area.sh has mapped, each design with the same weight.

    fit.py QUILLGEN AREA.json        of `tools/area.sh nano small detector pruned --json AREA.json`
"""
import json
import subprocess
import sys
import tempfile


def bits(quillgen, configuration):
    """Bits of registers and multipliers of a design, as the netlist has them."""
    with tempfile.TemporaryDirectory() as room:
        subprocess.run([quillgen, 'explore', '--config', configuration, '--dense', '4x4x4', '--vary', 'order.starvation_bound=1023,1022', '--out', room],
                       check=True, stdout=subprocess.DEVNULL)
        point = json.load(open(f'{room}/explore.json'))['points'][0]
    return point['register_bits'], point['multiplier_bits']


def main():
    quillgen, area = sys.argv[1], json.load(open(sys.argv[2]))
    rows = []
    for name, result in area.items():
        with tempfile.NamedTemporaryFile('w', suffix='.json') as configuration:
            json.dump(result['config'], configuration)
            configuration.flush()
            rows.append((name, *bits(quillgen, configuration.name), result['total']['um2']))
    # Least squares of the relative error: two equations.
    aa = sum((r / y) ** 2 for _, r, m, y in rows)
    ab = sum(r * m / y ** 2 for _, r, m, y in rows)
    bb = sum((m / y) ** 2 for _, r, m, y in rows)
    a1, b1 = sum(r / y for _, r, m, y in rows), sum(m / y for _, r, m, y in rows)
    det = aa * bb - ab * ab
    register, multiplier = (a1 * bb - b1 * ab) / det, (b1 * aa - a1 * ab) / det
    print(f'a bit of a register {register:.1f} um2, of a multiplier {multiplier:.1f} um2')
    for name, r, m, y in rows:
        print(f'{name}: mapped {y / 1e6:.3f} mm2, by the fit {(register * r + multiplier * m) / 1e6:.3f}, {100 * ((register * r + multiplier * m) / y - 1):+.1f} %')


if __name__ == '__main__':
    main()
