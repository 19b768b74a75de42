#!/usr/bin/env python3
"""Includes point one way: each folder may see those listed here, and itself. Only the program sees the generator and
its proof at once.

    includes.py SOURCE
"""
import pathlib
import re
import sys

MAY_SEE = {
    # The language stands alone.
    'generator/hdl': [],
    'generator/passes': ['hdl'],
    'generator/emit': ['hdl', 'passes'],
    'generator/interp': ['hdl'],
    'generator/lib': ['hdl'],
    # Parameters, and the accelerator.
    'generator/config': [],
    'generator/accel': ['config', 'hdl', 'lib', 'emit'],
    'generator/command_line': ['config'],
    # The proof knows parameters, and nothing else of the generator.
    'verif/model': ['config'],
    'verif/reference': ['config', 'model'],
    'verif/network': ['config', 'drawing', 'model', 'reference'],
    'verif/synthetic': ['config', 'reference'],
    'verif/drawing': ['config'],
    'verif/dram': [],
    'verif/estimate': ['config', 'dram', 'model', 'network', 'reference', 'synthetic'],
    'verif/trace': ['config', 'drawing', 'estimate'],
    'verif/harness': ['config', 'dram', 'model'],
    'verif/explore': ['config', 'drawing', 'dram', 'estimate', 'harness', 'network'],
    'verif/pack': ['config', 'harness', 'model'],
    # The program and the tests see everything.
    'generator/cli': None,
    'verif/fourstate': None,
    'verif/fuzz': None,
    'verif/golden': None,
    'verif/system': None,
    'verif/unit': None,
}


def faults(source):
    """Lines that tell what is wrong, and how many includes were looked at."""
    found, seen = [], 0
    folders = {path.name: f'{top}/{path.name}' for top in ('generator', 'verif')
               for path in (source / top).iterdir() if path.is_dir()}
    for folder in sorted(folders.values()):
        if folder not in MAY_SEE:
            found.append(f'{folder}: a folder that has no line in {pathlib.Path(__file__).name}')
            continue
        for path in sorted((source / folder).rglob('*.[ch]pp')):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = re.match(r'\s*#\s*include "([^/"]+)/', line)
                if not match or match[1] not in folders or folders[match[1]] == folder:
                    continue
                seen += 1
                if MAY_SEE[folder] is not None and match[1] not in MAY_SEE[folder]:
                    found.append(f'{path.relative_to(source)}:{number}: {folder} must not see {folders[match[1]]}')
    return found, seen


def main():
    source = pathlib.Path(sys.argv[1])
    found, seen = faults(source)
    for fault in found:
        print(fault)
    print(f'{seen} includes of other folders, {len(found)} point the wrong way')
    return 1 if found or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
