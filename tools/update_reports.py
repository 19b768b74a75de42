#!/usr/bin/env python3
# Writes the reports of simulations that README.md and generator/cli/README.md show anew, and the picture verif/network/scene.svg, after a change of
# cycles or of what is printed; test `quick start` compares them. Read the difference before you commit it.
#   tools/update_reports.py [QUILLGEN]      build/generator/cli/quillgen by default
import os
import re
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
quillgen = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(root, 'build/generator/cli/quillgen')
os.chdir(root)
picture = 'verif/network/scene.svg'
detector = ['--preset', 'detector', '--network', 'examples/tiny_detector.safetensors', '--scales', 'examples/tiny_detector.scales.json',
            '--input', 'examples/tiny_detector_scenes.safetensors', '--scenes', '0:1', '--svg', picture]
layer = ['--preset', 'small', '--workload', 'examples/tiny_detr_enc1.safetensors']


def simulated(options):
    """The report, without what is said about a build before it."""
    out = subprocess.run([quillgen, 'simulate'] + options, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.rstrip() for line in out[re.search(r'^\w+ on ', out, re.M).start():].splitlines()]


def block(lines, first):
    """Where the block begins that has a line with `first`, and where it ends."""
    begin = next(i for i, line in enumerate(lines) if line.startswith('    ' + first))
    return begin, next(i for i in range(begin, len(lines)) if lines[i].startswith('    bit-exact in every')) + 1


def write(page, lines):
    with open(page, 'w') as file:
        file.write('\n'.join(lines))


def likeness(line):
    return re.sub(r'[\d.]+', '#', ' '.join(line.split())), line.split()[0]


reports = {'detector on ': simulated(detector), 'small on ': simulated(layer)}
page = open('generator/cli/README.md').read().split('\n')
for first, report in reports.items():
    begin, end = block(page, first)
    page[begin:end] = ['    ' + line if line else '' for line in report]
write('generator/cli/README.md', page)

# The front page shows some lines: of each the one that differs in numbers only.
page = open('README.md').read().split('\n')
begin, end = block(page, 'layer ')
unused = list(reports['detector on '])
for i in range(begin, end):
    if page[i].strip() not in ('', '..'):
        found = next((line for line in unused if line and likeness(line) == likeness(page[i])), None)
        if found is None:
            sys.exit(f'README.md:{i + 1}: no line of the report is like this one: {page[i].strip()}')
        del unused[:unused.index(found) + 1]
        page[i] = '    ' + found
write('README.md', page)
