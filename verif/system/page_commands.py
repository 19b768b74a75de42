#!/usr/bin/env python3
"""The commands of a page, run again: what they print is what the page shows.

    page_commands.py QUILLGEN ROOT PAGE [--write]

A command is a line of a code block that begins with `$ quillgen`; the lines of the block below it are its output. It
runs in bash, with the quillgen given, in a folder of its own that sees the examples. --write puts what is printed into
the page.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROMPT = re.compile(r'^( {4,})\$ (quillgen .*)$')


def main():
    quillgen, root, page = (pathlib.Path(name).resolve() for name in sys.argv[1:4])
    lines, out, wrong, commands = page.read_text().split('\n'), [], 0, 0
    with tempfile.TemporaryDirectory() as room:
        os.symlink(root / 'examples', f'{room}/examples')
        bin_folder = pathlib.Path(room) / 'bin'
        bin_folder.mkdir()
        os.symlink(quillgen, bin_folder / 'quillgen')
        environment = {**os.environ, 'PATH': f'{bin_folder}:{os.environ["PATH"]}', 'LC_ALL': 'C.UTF-8'}
        i = 0
        while i < len(lines):
            out.append(lines[i])
            found = PROMPT.match(lines[i])
            i += 1
            if not found:
                continue
            commands += 1
            indent, shown = found[1], []
            while i < len(lines) and lines[i].startswith(indent) and not PROMPT.match(lines[i]):
                shown.append(lines[i][len(indent):])
                i += 1
            done = subprocess.run(['bash', '-o', 'pipefail', '-c', found[2]], cwd=room, env=environment, text=True,
                                  stdout=subprocess.PIPE)
            printed = [line.rstrip() for line in done.stdout.rstrip('\n').split('\n')]
            out += [indent + line for line in printed]
            if done.returncode != 0 or printed != [line.rstrip() for line in shown]:
                wrong += 1
                print(f'{page.name}: $ {found[2]}\nstatus {done.returncode}, prints\n' + '\n'.join(printed))
    if '--write' in sys.argv:
        page.write_text('\n'.join(out))
        return 0
    print(f'{page.name}: {commands} commands, {wrong} of them print something else')
    return 1 if wrong or not commands else 0


if __name__ == '__main__':
    sys.exit(main())
