# Brings area, arithmetic and paths of a mapped design together, a row for each block.
import arithmetic
import library
from timing import longest_paths


def measure(mapper):
    """[row of a block], {end of a path: (ns, start)}"""
    design, paths, um2 = mapper.design, longest_paths(mapper), library.cell_areas()
    units = design.blocks + design.containers
    words = {unit: arithmetic.words(mapper.path(f'{unit}.words.json'), unit) for unit in units}
    word_um2 = arithmetic.areas(mapper, {kind for counts in words.values() for kind in counts})

    # The longest place that a path's end begins with is the block in which it ends.
    places = sorted(((place, unit) for unit, found in design.places.items() for place in found), key=lambda p: -len(p[0]))
    worst = {}
    for end, (ns, start) in paths.items():
        unit = next(unit for place, unit in places if not place or end.startswith(place + '/'))
        worst[unit] = max(worst.get(unit, (0, '', '')), (ns, start, end))

    rows = []
    for unit in units:
        times = len(design.places[unit])
        cells = {name: times * count for name, count in mapper.cells(unit).items() if name in um2}
        row = {'block': unit, 'in_lane': unit in design.lane_blocks, 'instances': times,
               'um2': sum(um2[name] * count for name, count in cells.items()), 'cells': sum(cells.values()),
               'flops': sum(count for name, count in cells.items() if name in library.FLOPS)}
        for group in ('multipliers', 'adders'):
            row[f'{group}_um2'] = times * sum(word_um2[kind] * count for kind, count in words[unit].items() if arithmetic.KINDS[kind[0]] == group)
        for group, count in arithmetic.in_series(mapper.path(f'{unit}.words.json')).items():
            row[f'{group}_in_series'] = count
        row['path_ns'], row['start'], row['end'] = worst.get(unit, (0, '', ''))
        rows.append(row)
    return rows, paths
