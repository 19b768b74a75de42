#!/usr/bin/env python3
"""The files for other tools in an output folder say the same, as do the C headers: registers with addresses, fields,
access and reset values; ports; files in their order; constraints of ports that are there. Before that, a fault of each
kind is planted in copies of the folder, and must be found.

    metadata.py FOLDER..
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

XACT = '{http://www.accellera.org/XMLSchema/IPXACT/1685-2014}'
WHOLE = {'value': (0, 32)}  # what IP-XACT and SystemRDL have where a register has no fields


def of_header(folder, top):
    """Registers as {name: (offset, access, fields)}, fields as {name: (low, bits)}; reset values {name: value} of those
    that headers have."""
    text = (folder / 'quillgen_regs.h').read_text()
    registers = {}
    for name, offset, access in re.findall(r'#define QUILLGEN_(\w+) +0x(\w{3})u +/\* (RO|RW|WO|W1C): ', text):
        fields = {field.lower(): (int(low), int(mask, 16) >> int(low)) for field, low, mask in re.findall(
            rf'#define QUILLGEN_{name}_(\w+)_SHIFT +(\d+).*\n#define QUILLGEN_{name}_\1_MASK +0x(\w+)u', text)}
        fields = {field: (low, ones.bit_length()) for field, (low, ones) in fields.items()}
        registers[name] = (int(offset, 16), access, fields or WHOLE)
    values = {name: int(value, 0) for name, value in re.findall(r'#define QUILLGEN_(ID|VERSION)_VALUE +(\w+)u', text)}
    config = (folder / (top.removesuffix('quillgen') + 'quillgen_config.h')).read_text()
    capabilities = sorted((registers[name][0], name) for name in registers if name.startswith('CAP_'))
    values |= dict(zip((name for _, name in capabilities), (int(v, 16) for v in re.findall(r'0x(\w+)u', config)), strict=True))
    return registers, values


def of_ip_xact(root):
    """The same of IP-XACT, with the reset values of all registers."""
    registers, resets = {}, {}
    for register in root.iter(XACT + 'register'):
        text = lambda at, name: at.findtext(XACT + name)
        fields, access, value = {}, set(), 0
        for field in register.iter(XACT + 'field'):
            low, bits = int(text(field, 'bitOffset')), int(text(field, 'bitWidth'))
            fields[text(field, 'name')] = (low, bits)
            clears = text(field, 'modifiedWriteValue') == 'oneToClear'
            access.add('W1C' if clears else {'read-only': 'RO', 'read-write': 'RW', 'write-only': 'WO'}[text(field, 'access')])
            value |= int(field.findtext(f'{XACT}resets/{XACT}reset/{XACT}value'), 16) << low
        name = text(register, 'name')
        registers[name] = (int(text(register, 'addressOffset'), 16), ' '.join(sorted(access)), fields)
        resets[name] = value
    return registers, resets


def of_rdl(text):
    """The same of SystemRDL, as quillgen writes it: a field a line."""
    registers, resets = {}, {}
    for body, name, offset in re.findall(r'\n  reg {\n(.*?)\n  } (\w+) @ 0x(\w+);', text, re.S):
        fields, access, value = {}, set(), 0
        for properties, field, high, low, reset in re.findall(r'    field {(.*)} (\w+)\[(\d+):(\d+)\] = \d+\'h(\w+);', body):
            fields[field] = (int(low), int(high) - int(low) + 1)
            software = re.search(r'\bsw = (\w+);', properties)[1]
            access.add('W1C' if 'onwrite = woclr;' in properties else {'r': 'RO', 'rw': 'RW', 'w': 'WO'}[software])
            value |= int(reset, 16) << int(low)
        registers[name] = (int(offset, 16), ' '.join(sorted(access)), fields)
        resets[name] = value
    return registers, resets


# Commands of SDC that the file may use, on the ports of the design: an error for a port or option that is not there.
STUB = r'''
proc get_ports {patterns} {
  set found {}
  foreach pattern $patterns {
    if {![regexp {^(\w+)(\[\*\])?$} $pattern all name bits]} { error "pattern $pattern" }
    if {![info exists ::width($name)] || ($bits ne "") != ($::width($name) > 1)} { error "no port $pattern" }
    lappend found $name
  }
  return $found
}
proc note {what ports} { foreach port $ports { puts "$what $port" } }
proc create_clock {-name name -period period ports} { note clock:[format %.3f ${-period}] $ports }
proc delay {what value option clock ports} {
  if {$option ne "-clock" || $clock ne "clk"} { error "$what: $option $clock" }
  note $what:[format %.3f $value] $ports
}
proc set_input_delay {args} { delay in {*}$args }
proc set_output_delay {args} { delay out {*}$args }
proc set_false_path {from ports} { note false:$from $ports }
proc set_case_analysis {value ports} { note case:$value $ports }
'''


def constrained(folder, top, ports, settings=''):
    """What is said of each port, by a Tcl interpreter that knows the commands; None without one."""
    if not shutil.which('tclsh'):
        return None
    stub = STUB.replace('{-name name -period period ports}', '{a name b -period ports}')
    widths = ''.join(f'set width({p["name"]}) {p["width"]}\n' for p in ports)
    run = subprocess.run(['tclsh'], input=f'{settings}\n{stub}{widths}source {folder / (top + ".sdc")}\n', text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return sorted(run.stdout.splitlines())


def faults(folder):
    """Lines that tell what is wrong."""
    found = []

    def expect(what, got, expected):
        if got != expected:
            found.append(f'{what}: {got} and not {expected}')
    manifest = json.loads((folder / 'manifest.json').read_text())
    top, ports = manifest['top'], manifest['ports']
    root = ElementTree.parse(folder / (top + '.xml')).getroot()
    header, values = of_header(folder, top)
    xact, xact_resets = of_ip_xact(root)
    rdl, rdl_resets = of_rdl((folder / (top + '.rdl')).read_text())
    expect('number of registers is plausible', len(header) > 40, True)
    for name in sorted(header.keys() | xact.keys() | rdl.keys()):
        expect(f'IP-XACT: {name}', xact.get(name), header.get(name))
        expect(f'SystemRDL: {name}', rdl.get(name), header.get(name))
        expect(f'reset of {name}', rdl_resets.get(name), xact_resets.get(name))
        if name in values:
            expect(f'reset of {name}', xact_resets.get(name), values[name])

    wires = {}
    for port in root.iter(XACT + 'port'):
        left = port.findtext(f'{XACT}wire/{XACT}vectors/{XACT}vector/{XACT}left') or '0'
        wires[port.findtext(XACT + 'name')] = (port.findtext(f'{XACT}wire/{XACT}direction') + 'put', int(left) + 1)
    expect('ports of IP-XACT', wires, {p['name']: (p['direction'], p['width']) for p in ports})
    mapped = []
    for bus in root.iter(XACT + 'busInterface'):
        for entry in bus.iter(XACT + 'portMap'):
            mapped.append(entry.findtext(f'{XACT}physicalPort/{XACT}name'))
            logical = entry.findtext(f'{XACT}logicalPort/{XACT}name').lower()
            if bus.findtext(XACT + 'name') in ('s_axil', 'm_axi'):
                expect('port of a bus', mapped[-1], f'{bus.findtext(XACT + "name")}_{logical}')
    expect('ports in buses', sorted(mapped), sorted(p['name'] for p in ports if p['name'] != 'test_mode'))

    files = (folder / 'files.f').read_text().split()
    names = [n.text for s in root.iter(XACT + 'fileSet') if s.findtext(XACT + 'name') == 'verilog'
             for n in s.iter(XACT + 'name')][1:]
    expect('files of IP-XACT', names, files)
    for package in (top + '.core', 'Bender.yml'):
        text = (folder / package).read_text()
        expect(f'files of {package}', re.findall(r'^      - ((?!tb/)\S+\.v)$', text, re.M), files)
        for name in re.findall(r'^      - (\S+\.\w+)$', text, re.M):
            expect(f'{package}: {name} is there', (folder / name).is_file(), True)
    expect('target sim of the core', '\n  sim:\n' in (folder / (top + '.core')).read_text(), (folder / 'tb').is_dir())
    name = f'quillgen:accelerator:{top}:{manifest["version"]}'
    expect('name of the core', re.findall(r'^name: (.*)$', (folder / (top + '.core')).read_text(), re.M), [name])
    expect('name of the component', ':'.join(root.findtext(XACT + part) for part in ('vendor', 'library', 'name', 'version')), name)

    for settings, period, delay in (('', 2.0, 0.8), ('set period 5.0; set io_share 0.1', 5.0, 0.5)):
        said = constrained(folder, top, ports, settings)
        asynchronous = ['false:-fall_from rst_n'] if manifest['config']['implementation']['reset'] == 'async_low' else []
        if said is not None:
            expect('constraints', said, sorted(asynchronous + [
                f'clock:{period:.3f} clk' if p['name'] == 'clk' else 'case:0 test_mode' if p['name'] == 'test_mode' else
                f'{p["direction"].removesuffix("put")}:{delay:.3f} {p["name"]}' for p in ports]))
    return found


def planted(folder):
    """Faults that must be found, one at a time: how many."""
    top = json.loads((folder / 'manifest.json').read_text())['top']
    plants = [
        ('.rdl', 'STATUS @ 0x040', 'STATUS @ 0x044'), ('.rdl', 'onwrite = woclr;', ''), ('.rdl', 'heads[23:16]', 'heads[22:16]'),
        ('.rdl', "queue_empty[5:5] = 1'h1", "queue_empty[5:5] = 1'h0"), ('.rdl', 'COUNT_SAMPLES', 'COUNT_SAMPLE_S'),
        ('.xml', '>0x040<', '>0x044<'), ('.xml', '>oneToClear<', '>oneToSet<'), ('.xml', '>read-only<', '>read-write<'),
        ('.xml', '<ipxact:bitWidth>16<', '<ipxact:bitWidth>15<'), ('.xml', '>0x5155494C<', '>0x5155494D<'),
        ('.xml', '<ipxact:left>31<', '<ipxact:left>30<'), ('.xml', '>in<', '>out<'), ('.xml', '>AWADDR<', '>ARADDR<'),
        ('.xml', '>top.v<'.replace('top', top), '>other.v<'), ('.core', f'      - {top}.v\n', ''),
        ('.core', f'      - {top}.sdc', '      - other.sdc'), ('Bender.yml', f'      - {top}.v\n', ''),
        ('.core', 'name: quillgen:', 'name: other:'), ('.xml', '<ipxact:version>', '<ipxact:version>1'),
        ('quillgen_regs.h', '0x05Cu', '0x060u'), ('quillgen_config.h', '0x', '0x8')]
    if shutil.which('tclsh'):
        plants += [('.sdc', ' m_axi_rlast\n', ' m_axi_last\n'), ('.sdc', 'm_axi_rdata[*]', 'm_axi_rdata'),
                   ('.sdc', '  irq\n', ''), ('.sdc', 'set_output_delay', 'set_output'), ('.sdc', 'period 2.0', 'period 3.0')]
    for ending, old, new in plants:
        with tempfile.TemporaryDirectory() as room:
            copy = pathlib.Path(shutil.copytree(folder, pathlib.Path(room) / 'copy'))
            prefix = top.removesuffix('quillgen')
            path = copy / (top + ending if ending.startswith('.') else prefix + ending if 'config' in ending else ending)
            text = path.read_text()
            if old not in text:
                sys.exit(f'{path.name} has no {old!r} to plant a fault in')
            path.write_text(text.replace(old, new, 1))
            if not faults(copy):
                sys.exit(f'not found: {old!r} made {new!r} in {path.name}')
    return len(plants)


def main():
    folders = [pathlib.Path(name) for name in sys.argv[1:]]
    for folder in folders:
        found = faults(folder)
        if found:
            print('\n'.join(f'{folder.name}: {fault}' for fault in found))
            return 1
    print(f'{len(folders)} folders agree; {planted(folders[0])} planted faults are found'
          + ('' if shutil.which('tclsh') else '; constraints not looked at, there is no tclsh'))
    return 0


if __name__ == '__main__':
    sys.exit(main())
