# The standard-cell library, and the memories that stand beside it as macros.
import gzip
import os
import re
import shutil

# Debian's cells, unless use() names others.
LIBERTY = '/usr/share/qflow/tech/osu018/osu018_stdcells.lib'
NAME = 'osu018_stdcells'
# What drives every input and hangs on every output of a block while it is mapped, pF. Without them the mapping knows no load.
DRIVER, LOAD = 'BUFX2', 0.05
FLOPS = []  # names of the cells that hold a bit
# A memory's read data after the clock and its set-up time, ns: assumed, no memory compiler was asked.
READ_NS, SETUP_NS = 1.5, 0.3


def use(path, folder, driver=None):
    """Cells of another library from here on: a liberty file, or one that gzip has made smaller, which is unpacked into `folder`. The driver is a buffer of
    twice the least strength, unless named."""
    global LIBERTY, NAME, DRIVER
    if path:
        LIBERTY = path
        if path.endswith('.gz'):
            LIBERTY = os.path.join(folder, os.path.basename(path)[:-3])
            os.makedirs(folder, exist_ok=True)
            with gzip.open(path, 'rb') as packed, open(LIBERTY, 'wb') as out:
                shutil.copyfileobj(packed, out)
        NAME = re.sub(r'\.lib$', '', os.path.basename(LIBERTY))
        found = [cell for cell in cell_areas() if re.search(r'(^|_)buf_2$|^BUFX2$', cell, re.I)]
        if driver is None and not found:
            raise RuntimeError(f'{path}: has no cell BUFX2 or buf_2: name one that drives inputs with --driver')
        DRIVER = driver or found[0]
    FLOPS[:] = sorted(held_cells())
    if not FLOPS:
        raise RuntimeError(f'{LIBERTY}: has no flip-flop')


def cells():
    """(cell, text) of the library."""
    text = open(LIBERTY).read()
    starts = [(found.start(), found[1]) for found in re.finditer(r'^\s*cell\s*\(\s*"?(\w+)"?\s*\)', text, re.M)]
    for (start, name), end in zip(starts, [start for start, _ in starts[1:]] + [len(text)]):
        yield name, text[start:end]


def cell_areas():
    """{cell: um2}"""
    areas = {name: re.search(r'\barea\s*:\s*"?([\d.eE+-]+)"?\s*;', text) for name, text in cells()}
    return {name: float(found[1]) for name, found in areas.items() if found}


def held_cells():
    """Cells that hold a bit: flip-flops and latches."""
    return {name for name, text in cells() if re.search(r'\b(ff|latch)\s*\(', text)}


def memory_name(depth, width):
    return f'sram_{depth}x{width}'


def index_bits(count):
    return max(1, (count - 1).bit_length())


def write_memories(geometries, verilog, liberty):
    """Macros for {(depth, width), ..}: their liberty, and a module sram_macro that picks one by its parameters (QUILLGEN_SRAM_MACRO)."""
    ports = ['clk', 'write', 'write_address', 'write_data', 'read', 'read_address', 'read_data']
    with open(verilog, 'w') as out:
        out.write('module sram_macro #(parameter WIDTH = 1, DEPTH = 2, ADDRESS_BITS = 1) (\n'
                  '  input clk, write, read, input [ADDRESS_BITS-1:0] write_address, read_address,\n'
                  '  input [WIDTH-1:0] write_data, output [WIDTH-1:0] read_data);\n')
        for depth, width in sorted(geometries):
            connections = ', '.join(f'.{p}({p})' for p in ports)
            out.write(f'  generate if (DEPTH == {depth} && WIDTH == {width}) {memory_name(depth, width)} u_cell ({connections}); endgenerate\n')
        out.write('endmodule\n')

    def timing(pin_type, kinds):
        body = ' '.join(f'{kind} (scalar) {{ values ("{value}"); }}' for kind, value in kinds)
        return f'timing() {{ related_pin : "clk"; timing_type : {pin_type}; {body} }}'

    setup = timing('setup_rising', [('rise_constraint', SETUP_NS), ('fall_constraint', SETUP_NS)])
    read = timing('rising_edge', [('cell_rise', READ_NS), ('cell_fall', READ_NS), ('rise_transition', 0.1), ('fall_transition', 0.1)])
    with open(liberty, 'w') as out:
        out.write('library(memories) {\n  delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1uA";\n'
                  '  pulling_resistance_unit : "1kohm"; leakage_power_unit : "1nW"; capacitive_load_unit (1,pf);\n'
                  '  slew_lower_threshold_pct_rise : 20; slew_upper_threshold_pct_rise : 80;\n'
                  '  slew_lower_threshold_pct_fall : 20; slew_upper_threshold_pct_fall : 80;\n'
                  '  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50; output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;\n')
        widths = {width for _, width in geometries} | {index_bits(depth) for depth, _ in geometries}
        for bits in sorted(widths):
            out.write(f'  type (bus_{bits}) {{ base_type : array; data_type : bit; bit_width : {bits}; bit_from : {bits - 1}; bit_to : 0; }}\n')
        for depth, width in sorted(geometries):
            address = index_bits(depth)
            out.write(f'  cell ({memory_name(depth, width)}) {{\n    area : 0;\n    pin (clk) {{ direction : input; clock : true; capacitance : 0.03; }}\n')
            for pin in ['write', 'read']:
                out.write(f'    pin ({pin}) {{ direction : input; capacitance : 0.02; {setup} }}\n')
            for bus, bits in [('write_address', address), ('read_address', address), ('write_data', width)]:
                out.write(f'    bus ({bus}) {{ bus_type : bus_{bits}; direction : input; capacitance : 0.02; {setup} }}\n')
            out.write(f'    bus (read_data) {{ bus_type : bus_{width}; direction : output; max_capacitance : 1; {read} }}\n  }}\n')
        out.write('}\n')
