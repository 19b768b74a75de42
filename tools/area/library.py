# The standard-cell library, and the memories that stand beside it as macros.
import re

FOLDER = '/usr/share/qflow/tech/osu018'
NAME = 'osu018_stdcells'
LIBERTY = f'{FOLDER}/{NAME}.lib'
FLOP = re.compile(r'DFF|LATCH')
# What drives every input and hangs on every output of a block while it is mapped, pF. Without them the mapping knows no load.
DRIVER, LOAD = 'BUFX2', 0.05
# A memory's read data after the clock and its set-up time, ns: assumed, no memory compiler was asked.
READ_NS, SETUP_NS = 1.5, 0.3


def cell_areas():
    """{cell: um2}"""
    areas, cell = {}, None
    for line in open(LIBERTY):
        if found := re.match(r'\s*cell \((\w+)\)', line):
            cell = found[1]
        elif (found := re.match(r'\s*area : ([\d.]+);', line)) and cell not in areas:
            areas[cell] = float(found[1])
    return areas


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
