#!/usr/bin/env python3
# The pages of the project: every link and anchor leads somewhere, and so does every path in `code` that begins with a folder of the project; there are all
# tests that are named; README.md is a front page, of at most 120 lines; prose is at most 120 columns wide. Not measured are tables, code and addresses,
# and pages that quillgen prints.
#   pages.py PROJECT_FOLDER BUILD_FOLDER
# Before that, faults of each kind are planted in a small project of its own, and must be found.
import fnmatch
import glob
import json
import os
import re
import sys
import tempfile

COLUMNS, LINES = 120, 120
FOLDERS = ('examples', 'generator', 'rtl_out', 'templates', 'tools', 'verif')
PRINTED = ('rtl_out', 'templates')  # by quillgen, or for it


def pages(root):
    """All of the sources, not those of a build or of an output folder that is not kept."""
    yield from glob.glob('*.md', root_dir=root)
    for top in FOLDERS:
        for path in sorted(glob.glob(top + '/**/*.md', root_dir=root, recursive=True)):
            if top != 'rtl_out' or path.startswith('rtl_out/nano/'):
                yield path


def prose(text):
    """The lines without code blocks: an empty line for each line of a fenced block or of one that is indented."""
    fenced = indented = False
    before = ''
    for line in text.split('\n'):
        fence = line.lstrip().startswith('```')
        indented = not fenced and line.startswith('    ') and (indented or not before.strip())
        yield '' if fenced or fence or indented else line
        fenced ^= fence
        before = line


def anchors(text):
    """Of the headings, as GitHub and GitLab make them."""
    found = set()
    for heading in re.findall(r'^#+ +(.*?) *$', '\n'.join(prose(text)), re.M):
        name = base = re.sub(r'[^\w -]', '', re.sub(r'\]\([^)]*\)', '', heading).lower()).replace(' ', '-')
        again = 0
        while name in found:
            again += 1
            name = f'{base}-{again}'
        found.add(name)
    return found


def link_fault(root, page, target):
    """What is wrong with a link of the page, or nothing."""
    if re.match(r'https?://', target):
        return None
    path, _, anchor = target.partition('#')
    place = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if place.startswith('..') or not os.path.exists(os.path.join(root, place)):
        return f'{target} is not there'
    if anchor and (not place.endswith('.md') or anchor not in anchors(open(os.path.join(root, place)).read())):
        return f'{target}: no such heading'
    return None


def tests_named(text):
    """What follows the word, as in: tests `a`, `b *` and `c`. A command may be the last of such a list."""
    for names in re.findall(r'\b[Tt]ests? ((?:`[^`]+`(?: \([^()]*\))?(?:, | and |\s)?)+)', text):
        for name in re.findall(r'`([^`]+)`', re.sub(r'\([^()]*\)', '', names)):
            if not name.startswith(('..', 'quillgen ')):
                yield name.replace('\n', ' ')


def faults(root, tests):
    for page in pages(root):
        text = open(os.path.join(root, page)).read()
        lines = list(prose(text))
        plain = re.sub(r'`[^`]*`', '``', '\n'.join(lines))
        for target in (re.findall(r'\]\(\s*<?([^()\s>]+)', plain) + re.findall(r'^\[[^\]]+\]: *(\S+)', plain, re.M) +
                       re.findall(r'(?:src|href)="([^"]+)"', plain)):
            if fault := link_fault(root, page, target):
                yield f'{page}: link {fault}'
        # A path names a file or folder, perhaps with * for some letters; where a program or an extension is left out, all that begin so.
        for path in re.findall(r'`(?:\w+ )?((?:' + '|'.join(FOLDERS) + r')/[\w./*-]*\w)', '\n'.join(lines)):
            if path not in ('rtl_out/detector', 'rtl_out/detector.svg') and not glob.glob(os.path.join(glob.escape(root), path + '*')):
                yield f'{page}: `{path}` is not there'
        for name in tests_named('\n'.join(lines)):
            if not fnmatch.filter(tests, name):
                yield f'{page}: no test `{name}`'
        if page.startswith(PRINTED):
            continue
        for number, line in enumerate(lines, 1):
            width = len(re.sub(r'https?://[^\s)>]*', '', line))
            if width > COLUMNS and not line.startswith('|'):
                yield f'{page}:{number}: {width} columns'
    front = open(os.path.join(root, 'README.md')).read().count('\n')
    if front > LINES:
        yield f'README.md: {front} lines; a front page has at most {LINES}'


def plant():
    """Each fault alone, and what must not be taken for one."""
    good = ('# Front\n\n## Two `parts`, or more\n\n[there](#two-parts-or-more) ![picture](verif/a.svg) `verif/a*` test `a`, tests `b *` (all) and `a`\n\n'
            '    [code](nowhere.md)\n\n| ' + 'table ' * 40 + '|\n')
    planted = {
        'link nowhere.md is not there': '[a link](nowhere.md)\n',
        'link verif/b.svg is not there': '![a picture](verif/b.svg)\n',
        'link ../a.md is not there': '[outside](../a.md)\n',
        'link #parts: no such heading': '[an anchor](#parts)\n',
        'link verif/README.md#up: no such heading': '[an anchor](verif/README.md#up)\n',
        '`verif/b` is not there': '`verif/b`\n',
        'no test `c *`': 'tests `a`, `c *`\n',
        f'{COLUMNS + 1} columns': 'w' * (COLUMNS + 1) + '\n',
        f'lines; a front page has at most {LINES}': '\n' * LINES}
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.path.join(root, 'verif'))
        for name, text in {'verif/a.svg': '', 'verif/README.md': '# Verif\n[up](../README.md#front)\n'}.items():
            open(os.path.join(root, name), 'w').write(text)
        for expected, fault in {'': '', **planted}.items():
            with open(os.path.join(root, 'README.md'), 'w') as file:
                file.write(good + fault)
            found = list(faults(root, ['a', 'b one', 'b two']))
            if len(found) != (expected != '') or not all(expected in f for f in found):
                sys.exit(f'planted {expected or "nothing"}, found {found or "nothing"}')
    return len(planted)


def main():
    root, build = sys.argv[1:]
    tests = [test['name'] for test in json.load(open(os.path.join(build, 'meson-info', 'intro-tests.json')))]
    count = plant()
    found = list(faults(root, tests))
    print('\n'.join(found) or f'{len(list(pages(root)))} pages without a fault; {count} that were planted elsewhere are found')
    sys.exit(bool(found))


main()
