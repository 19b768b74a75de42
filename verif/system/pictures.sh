#!/usr/bin/env bash
# The pictures of trace, explore, estimate and networks, and those of the pages: no text lies on another or leaves the picture, there are colours for a dark
# surrounding, those that mean something differ in lightness, and the path of the queries has a begin and an end.   pictures.sh QUILLGEN PROJECT
set -euo pipefail
quillgen=$1 examples=$2/examples
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
long=$room/$(printf 'a_layer_with_a_long_name_%.0s' {1..6}).safetensors
cp "$examples/sparse_c64.safetensors" "$long"

"$quillgen" trace --preset small --workload "$long" --svg "$room/trace_two.svg" >/dev/null
"$quillgen" trace --preset small --set order.bucket_bits=0 --set order.window=1 --set order.distance_units=1 --workload "$examples/tiny_detr_dec0.safetensors" \
  --svg "$room/trace_one.svg" >/dev/null
"$quillgen" trace --preset quill --model deformable-detr --scale 0.2 --set order.bucket_bits=5 --set order.window=16 --svg "$room/trace_model.svg" >/dev/null
"$quillgen" trace --preset quill --set pruning.count_bits=16 --model deformable-detr --prune-pixels 0.97 --svg "$room/trace_pixels.svg" >/dev/null
"$quillgen" trace --preset quill --set pruning.count_bits=16 --set attention.max_width=512 --model deformable-detr --scale 1.3 --prune-pixels 0.97 --svg "$room/trace_squares.svg" \
  --set attention.max_tokens=40000 >/dev/null
# Many points, close to each other.
"$quillgen" explore --preset small --workload "$examples/sparse_c64.safetensors" --vary feature_cache.kilobytes=8,16,32,64 --vary feature_cache.ways=1,2,4 \
  --vary gemm.rows=3,4,5,6 --vary core.projection_columns=4,8 --vary memory.latency_cycles=190,195,200,205,210 --objectives cycles,area --out "$room/sweep" >/dev/null
mv "$room/sweep/explore.svg" "$room/explore.svg"
estimate() { "$quillgen" estimate "${@:2}" --html "$room/estimate_$1.html" >/dev/null; } # NAME ARGUMENT..
estimate small --preset small --workload "$long"
estimate nano --preset nano --workload "$examples/official_test_shapes.safetensors"
estimate model --preset quill --model deformable-detr --scale 0.3
estimate bus --preset small --set memory.data_bits=64 --set feature_cache.kilobytes=2 --workload "$examples/sparse_c64.safetensors"
estimate dense --preset small --dense 64x256x96
"$quillgen" estimate --preset detector --network "$examples/tiny_sparse_detector.safetensors" --timeline "$room/timeline.svg" >/dev/null

cp "$2/verif/network/scene.svg" "$room/network_scene.svg" # test `quick start` holds that it is what simulate draws
for page in attention accelerator; do cp "$2/generator/accel/$page.svg" "$room/page_$page.svg"; done

python3 - "$room" <<'P'
import glob, os, re, sys, xml.etree.ElementTree as ET
faults = []

def lightness(colour):
    """L* of #rrggbb."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y

def rules(style):
    """{(selector, property): colour} for light, and for dark."""
    dark = re.search(r'@media \(prefers-color-scheme:\s*dark\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}', style)
    found = []
    for text in (style.replace(dark[0], '') if dark else style, dark[1] if dark else ''):
        found.append({(s.strip(), p): c for body in re.finditer(r'([^{}]+)\{([^{}]*)\}', text) for s in [body[1]]
                      for p, c in re.findall(r'([\w-]+)\s*:\s*(#[0-9a-fA-F]{6})\b', body[2])})
    return found

def check_texts(name, svg, sizes):
    """Boxes are rather too small than too large: digits and letters take at least half their height on average."""
    _, _, width, height = map(float, svg.get('viewBox').split())
    boxes = []
    for e in svg.iter():
        if not e.tag.endswith('text') or e.get('transform'):
            continue
        text = ''.join(e.itertext())
        size = max([sizes.get(c, 0) for c in e.get('class', '').split()] + [sizes['']])
        wide = 0.5 * size * len(text)
        left = float(e.get('x')) - {'middle': wide / 2, 'end': wide}.get(e.get('text-anchor'), 0)
        top = float(e.get('y')) - 0.75 * size
        if left < 0 or top < 0 or left + wide > width or top + size > height:
            faults.append(f'{name}: "{text}" leaves the picture')
        for other, l, t, w, h in boxes:
            if left < l + w and l < left + wide and top < t + h and t < top + 0.75 * size:
                faults.append(f'{name}: "{text}" lies on "{other}"')
        boxes.append((text, left, top, wide, 0.75 * size))
    check_boxes(name, svg, boxes)
    return len(boxes)

def check_boxes(name, svg, texts):
    """No text that begins, ends or has its middle in the box of a block leaves it."""
    for e in svg.iter('rect'):
        if 'edge' in e.get('class', '').split():
            x, y, w, h = (float(e.get(a)) for a in ('x', 'y', 'width', 'height'))
            for text, left, top, wide, high in texts:
                inside = [x <= at <= x + w for at in (left, left + wide / 2, left + wide)]
                if y <= top <= y + h and any(inside) and not all(inside):
                    faults.append(f'{name}: "{text}" leaves its box')

def apart(name, which, colours, least):
    """All pairs differ in lightness."""
    levels = [lightness(c) for c in colours]
    near = min(abs(a - b) for i, a in enumerate(levels) for b in levels[:i])
    if near < least:
        faults.append(f'{name}: {which} differ by {near:.1f} in lightness only')

def rising(name, which, colours):
    levels = [lightness(c) for c in colours]
    if len(levels) < 8 or not (all(a < b for a, b in zip(levels, levels[1:])) or all(a > b for a, b in zip(levels, levels[1:]))):
        faults.append(f'{name}: {which} are not ever lighter or ever darker')
    elif abs(levels[-1] - levels[0]) < 45:
        faults.append(f'{name}: {which} span {abs(levels[-1] - levels[0]):.0f} of lightness only')

texts = 0
files = sorted(glob.glob(os.path.join(sys.argv[1], '*.svg')) + glob.glob(os.path.join(sys.argv[1], '*.html')))
assert len(files) == 15, files
for file in files:
    name, page = os.path.basename(file), open(file).read()
    style = '\n'.join(re.findall(r'<style>(.*?)</style>', page, re.S))
    sizes = {'': float(re.search(r'text\s*\{\s*font:\s*(\d+)px', style)[1])}
    sizes |= {c: float(s) for c, s in re.findall(r'\.(\w+)\s*\{[^}]*font-size:\s*(\d+)px', style)}
    drawings = [ET.fromstring(re.sub(r' xmlns="[^"]*"', '', s)) for s in re.findall(r'<svg .*?</svg>', page, re.S)]
    texts += sum(check_texts(name, d, sizes) for d in drawings)
    light, dark = rules(style)
    if set(light) - set(dark) or not dark:
        faults.append(f'{name}: no dark colour for {sorted(set(light) - set(dark))[:3]}')
        continue
    painted = re.findall(r'(?:fill|stroke)="(?!none)[^"]*"', page)
    if painted:
        faults.append(f'{name}: {painted[0]} is the same in the dark')
    for mode, paints in (('light', light), ('dark', dark)):
        of = lambda kind, prop: [paints[k] for k in paints if re.fullmatch(rf'\.{kind}\d*', k[0]) and k[1] == prop]
        if name.startswith('trace'):
            rising(name, f'{mode} steps of the path', of('p', 'stroke'))
            rising(name, f'{mode} steps of fetches', of('h', 'fill'))
            if name in ('trace_pixels.svg', 'trace_squares.svg'):
                apart(name, f'{mode} shares of dropped pixels, padded and read ones', of('d', 'fill') + of('under', 'fill') + of('paper', 'fill'), 6)
        elif name.startswith('explore'):
            apart(name, f'{mode} points on the front and others', of('front', 'fill') + of('other', 'fill'), 25)
        elif name.startswith('network'):
            apart(name, f'{mode} classes', of('c', 'stroke'), 4)
        elif name.startswith('timeline'):
            apart(name, f'{mode} kinds of jobs', [paints[f'.{k}', 'fill'] for k in ('attention', 'dense', 'normed', 'boxes')], 5)
        elif name.startswith('page'):
            apart(name, f'{mode} parts', of('part', 'fill'), 5)
            for part in of('part', 'fill'):
                apart(name, f'{mode} text and what is under it', [part, paints['.small', 'fill']], 35)
        else:
            apart(name, f'{mode} phases', of('phase', 'fill'), 5)
    if name.startswith('trace'):
        columns = page.count('Path of the queries')
        marks = [sum(e.tag == tag and 'ends' in e.get('class', '').split() for e in drawings[0].iter()) for tag in ('circle', 'rect')]
        if marks != [columns + 1] * 2:  # one in the legend
            faults.append(f'{name}: {marks} marks of begin and end for {columns} paths')
print('\n'.join(faults[:20] or [f'{texts} texts in {len(files)} pictures, none on another']))
sys.exit(bool(faults))
P
