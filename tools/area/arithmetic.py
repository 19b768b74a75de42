# The share of multipliers and adders. Mapping dissolves them into gates, so each kind of them (operation, widths, signs, constant operand) is mapped
# alone with the same library and script; the area of a block's arithmetic is the sum over what its Verilog asks for. Adders are + and -, those of
# counters and addresses too; comparisons are none.
import json
import re

import library

KINDS = {'$mul': 'multipliers', '$add': 'adders', '$sub': 'adders', '$neg': 'adders'}
SIGN = {'$mul': '*', '$add': '+', '$sub': '-'}


def operand(bits):
    """A constant operand as Verilog, or '' for one that varies."""
    return '' if any(bit not in ('0', '1', 'x') for bit in bits) else f"{len(bits)}'b" + ''.join(reversed(bits)).replace('x', '0')


def in_series(file):
    """The most multipliers, and the most adders, that a path of the JSON of Yosys passes between two registers: a step of a path takes a whole word."""
    most = {'multipliers': 0, 'adders': 0}
    for module in json.load(open(file))['modules'].values():
        logic = [cell for cell in module['cells'].values() if cell['type'].startswith('$') and 'dff' not in cell['type']]
        outputs = lambda cell: [bit for port, bits in cell['connections'].items() if cell['port_directions'][port] == 'output' for bit in bits]
        inputs = lambda cell: [bit for port, bits in cell['connections'].items() if cell['port_directions'][port] == 'input' for bit in bits]
        driver = {bit: number for number, cell in enumerate(logic) for bit in outputs(cell)}
        before = [sorted({driver[bit] for bit in inputs(cell) if bit in driver}) for cell in logic]
        for group in most:
            depth = longest([KINDS.get(cell['type']) == group for cell in logic], before)
            most[group] = max([most[group], *depth])
    return most


def longest(weights, before):
    """For each node of a graph the heaviest path that ends there. A loop, which is one of words and not of bits, is cut where it closes."""
    depth = [None] * len(weights)
    for root in range(len(weights)):
        stack = [(root, iter(before[root]))] if depth[root] is None else []
        while stack:
            node, todo = stack[-1]
            if depth[node] is None:
                depth[node] = weights[node]  # so far; also says that the node is under way
            child = next(todo, None)
            if child is None:
                depth[node] = weights[node] + max((depth[b] for b in before[node]), default=0)
                stack.pop()
            elif depth[child] is None:
                stack.append((child, iter(before[child])))
    return depth


def words(file, top):
    """{kind of word: count} in a module of the JSON of Yosys, instances multiplied out. A kind is (operation, a bits, b bits, y bits, signed,
    constant a, constant b)."""
    modules = json.load(open(file))['modules']
    total = {}

    def visit(name, times):
        for cell in modules[name]['cells'].values():
            kind = cell['type']
            if kind in KINDS:
                c = cell['connections']
                b = c.get('B', [])
                signed = int(cell['parameters']['A_SIGNED'], 2)
                key = (kind, len(c['A']), len(b), len(c['Y']), signed, operand(c['A']), operand(b) if b else '')
                total[key] = total.get(key, 0) + times
            elif kind in modules and modules[kind]['cells']:
                visit(kind, times)

    visit(top, 1)
    return total


def verilog(number, key):
    kind, a, b, y, signed, constant_a, constant_b = key
    s = 'signed ' if signed else ''
    ports = [f'output {s}[{y - 1}:0] y']
    names = {}
    for name, bits, constant in [('a', a, constant_a), ('b', b, constant_b)]:
        if constant:
            names[name] = f'$signed({constant})' if signed else constant
        elif bits:
            ports.append(f'input {s}[{bits - 1}:0] {name}')
            names[name] = name
    expression = f'-{names["a"]}' if kind == '$neg' else f'{names["a"]} {SIGN[kind]} {names["b"]}'
    return f'module word_{number} ({", ".join(ports)}); assign y = {expression}; endmodule\n'


def areas(mapper, kinds):
    """{kind of word: um2}, each mapped alone."""
    kinds = sorted(kinds)
    source = mapper.path('words.v')
    open(source, 'w').write(''.join(verilog(i, kind) for i, kind in enumerate(kinds)))
    result = mapper.path('words.stat')
    mapper.run('words', '\n'.join([f'read_liberty -lib {library.LIBERTY}', f'read_verilog {source}', 'synth', *mapper.gates(),
                                   f'tee -o {result} stat -liberty {library.LIBERTY}', '']), [source])
    found = dict(re.findall(r"area for module '\\word_(\d+)': ([\d.]+)", open(result).read()))
    return {kind: float(found.get(str(i), 0)) for i, kind in enumerate(kinds)}  # none: nothing but wires
