# Longest paths of the whole mapped design by OpenSTA, block by block. A path belongs to the block in which it ends, wherever it came through.
import re
import subprocess

import library

PERIOD_NS = 100  # any: a path's length is the period less its slack
PATH = re.compile(r'(\S+) \(\S+\) +(\S+) \(\S+\) +(-?[\d.]+)$')  # start, end, slack


def readable(pin):
    """A pin as register or port of the Verilog: block/register, without what mapping put behind it."""
    pin = re.sub(r'_reg/\w+$', '', pin)
    return re.sub(r'\.u_macro\.genblk\d+\.u_cell', '', pin)


def path(line):
    start, end, slack = PATH.match(line).groups()
    return readable(end), (round(PERIOD_NS - float(slack), 2), readable(start))


def longest_paths(mapper):
    """{end point: (ns with clock-to-output and set-up, start point)}, names as paths of instances from the top."""
    design = mapper.design
    script = [f'read_liberty {library.LIBERTY}', f'read_liberty {mapper.memories_lib}']
    script += [f'read_verilog {mapper.netlist(name)}' for name in design.blocks + design.containers]
    script += [f'link_design {design.top}', f'create_clock -name clk -period {PERIOD_NS} clk',
               'set_input_delay 0 -clock clk [all_inputs]', 'set_output_delay 0 -clock clk [all_outputs]',
               f'set_driving_cell -lib_cell {library.DRIVER} [all_inputs]', f'set_load {library.LOAD} [all_outputs]',
               'report_checks -path_delay max -group_count 1000000 -format summary']
    open(mapper.path('sta.tcl'), 'w').write('\n'.join(script) + '\nexit\n')
    done = subprocess.run(['sta', '-no_splash', '-exit', mapper.path('sta.tcl')], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    open(mapper.path('sta.log'), 'w').write(done.stdout)
    errors = [line for line in done.stdout.split('\n') if line.startswith('Error')]
    if done.returncode != 0 or errors:
        raise RuntimeError(f'sta failed, see {mapper.path("sta.log")}: {" ".join(errors[:1])}')
    return dict(path(line) for line in done.stdout.split('\n') if PATH.match(line))
