#!/usr/bin/env python3
"""What other tools make of the files for them in an output folder of preset nano: SystemRDL and IP-XACT compiled by
PeakRDL, the schema of IEEE 1685-2014, and the decoder that PeakRDL-regblock makes of the registers beside ours, in
Verilator. Run by metadata_tools.sh, with its packages of Python.

    metadata_tools.py FOLDER SCHEMA_FOLDER WORK_FOLDER
"""
import pathlib
import random
import re
import subprocess
import sys

import metadata
from lxml import etree
from peakrdl_ipxact.importer import IPXACTImporter
from systemrdl import RDLCompiler, RDLCompileError
from systemrdl.node import FieldNode, RegNode


def compiled(root):
    """Registers and reset values as metadata.of_header and of_ip_xact have them."""
    registers, resets = {}, {}
    for register in root.descendants(unroll=True):
        if not isinstance(register, RegNode):
            continue
        fields, access, value = {}, set(), 0
        for field in register.fields():
            assert isinstance(field, FieldNode)
            fields[field.inst_name] = (field.low, field.width)
            clears = str(field.get_property('onwrite')).endswith('woclr')
            access.add('W1C' if clears else {(1, 0): 'RO', (1, 1): 'RW', (0, 1): 'WO'}[
                field.is_sw_readable, field.is_sw_writable])
            value |= (field.get_property('reset') or 0) << field.low
        registers[register.inst_name] = (register.absolute_address, ' '.join(sorted(access)), fields)
        resets[register.inst_name] = value
    return registers, resets


def compile_rdl(path):
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate()


def compile_xact(path):
    compiler = RDLCompiler()
    IPXACTImporter(compiler).import_file(str(path))
    return compiler.elaborate()


def bench(registers, seed):
    """Ours and that of PeakRDL-regblock with the same accesses: what is read, what pulses, what is stored."""
    counters = [name for name in registers if name.startswith('COUNT_')]
    draw = random.Random(seed)
    numbers = {name: draw.getrandbits(32) for name in counters}
    ours = ''.join(f', .counter_{n[6:].lower()}(32\'h{numbers[n]:x})' for n in counters)
    theirs = ''.join(f'    in.{n}.value.next = 32\'h{numbers[n]:x};\n' for n in counters)
    state = ['busy', 'done', 'failed', 'quarantined', 'queue_full', 'queue_empty']
    return f'''
module bench;
  logic clk = 0, rst = 1;
  always #5 clk = ~clk;
  logic awvalid = 0, wvalid = 0, arvalid = 0;
  logic [11:0] awaddr = 0, araddr = 0;
  logic [31:0] wdata = 0;
  logic [2:0] events = 0; // refused, failed, done
  logic [5:0] status = 0;
  logic [31:0] job_id = 0, error = 0, detail = 0;
  wire awready, wready, bvalid, arready, rvalid, start, abort, soft_reset;
  wire [31:0] rdata, timeout;
  wire [63:0] descriptor;
  axil_registers ours (.clk, .rst, .awvalid, .awaddr, .wvalid, .wdata, .wstrb(4'hf), .bready(1'b1), .awready, .wready, .bvalid, .start, .abort, .soft_reset,
    .descriptor, .timeout, .event_refused(events[2]), .event_failed(events[1]), .failure_pending(), .event_done(events[0]), .irq(), {', '.join(f'.{s}(status[{i}])' for i, s in enumerate(state))},
    .error(error[3:0]), .error_detail(detail[7:0]), .job_id, .job_ended(1'b0){ours}, .arvalid, .araddr, .rready(1'b1), .arready, .rvalid, .rdata);

  quillgen_pkg::quillgen__in_t in;
  quillgen_pkg::quillgen__out_t out;
  logic awvalid_2 = 0, wvalid_2 = 0, arvalid_2 = 0;
  wire awready_2, wready_2, bvalid_2, arready_2, rvalid_2;
  wire [31:0] rdata_2;
  quillgen theirs (.clk, .rst, .s_axil_awready(awready_2), .s_axil_awvalid(awvalid_2), .s_axil_awaddr(awaddr[7:0]), .s_axil_awprot(3'd0), .s_axil_wready(wready_2), .s_axil_wvalid(wvalid_2),
    .s_axil_wdata(wdata), .s_axil_wstrb(4'hf), .s_axil_bready(1'b1), .s_axil_bvalid(bvalid_2), .s_axil_bresp(), .s_axil_arready(arready_2), .s_axil_arvalid(arvalid_2), .s_axil_araddr(araddr[7:0]),
    .s_axil_arprot(3'd0), .s_axil_rready(1'b1), .s_axil_rvalid(rvalid_2), .s_axil_rdata(rdata_2), .s_axil_rresp(), .hwif_in(in), .hwif_out(out));
  always_comb begin
{theirs}{''.join(f'    in.STATUS.{s}.next = status[{i}];' + chr(10) for i, s in enumerate(state))}    in.STATUS.waiting.next = 0;
    in.ERROR.value.next = error; in.ERROR_DETAIL.value.next = detail; in.JOB_ID.value.next = job_id;
    in.INT_STATE.done.hwset = events[0] | out.INT_TEST.done.value; in.INT_STATE.failed.hwset = events[1] | out.INT_TEST.failed.value;
    in.INT_STATE.refused.hwset = events[2] | out.INT_TEST.refused.value; in.INT_STATE.step.hwset = out.INT_TEST.step.value;
  end

  int faults = 0, compared = 0, pulses[6] = '{{default: 0}};
  always @(posedge clk) if (!rst) begin
    pulses[0] += start; pulses[1] += abort; pulses[2] += soft_reset;
    pulses[3] += out.START.start.value; pulses[4] += out.CONTROL.abort_job.value; pulses[5] += out.CONTROL.soft_reset.value;
  end
  function automatic void same(string what, logic [63:0] a, logic [63:0] b);
    compared++;
    if (a !== b) begin faults++; if (faults < 10) $display("%s: %h, and %h", what, a, b); end
  endfunction
  // Both are idle between accesses.
  task write(input [11:0] address, input [31:0] data);
    logic done_1, done_2;
    done_1 = 0; done_2 = 0;
    @(negedge clk) awaddr = address; wdata = data; {{awvalid, wvalid, awvalid_2, wvalid_2}} = 4'hf;
    while (!(done_1 && done_2)) begin
      @(posedge clk) #1;
      if (bvalid) done_1 = 1; if (bvalid_2) done_2 = 1;
      @(negedge clk);
      awvalid = 0; wvalid = 0; // taken at once: it was idle
      if (awready_2) awvalid_2 = 0; if (wready_2) wvalid_2 = 0;
    end
    {{awvalid_2, wvalid_2}} = 0;
    repeat (3) @(negedge clk);
  endtask
  task read(input [11:0] address);
    logic done_1, done_2;
    logic [31:0] a, b;
    done_1 = 0; done_2 = 0;
    @(negedge clk) araddr = address; arvalid = 1; arvalid_2 = 1;
    while (!(done_1 && done_2)) begin
      @(posedge clk) #1;
      if (rvalid && !done_1) begin a = rdata; done_1 = 1; end
      if (rvalid_2 && !done_2) begin b = rdata_2; done_2 = 1; end
      @(negedge clk) arvalid = 0;
      if (arready_2) arvalid_2 = 0;
    end
    arvalid_2 = 0;
    repeat (3) @(negedge clk);
    same($sformatf("register %h", address), a, b);
  endtask
  initial begin
    logic [11:0] address;
    logic [31:0] data;
    void'($urandom({seed}));
    repeat (4) @(negedge clk);
    rst = 0;
    write(12'h060, 1); // the counters are copied
    for (int word = 0; word < 64; word++) read(12'(4 * word));
    repeat (4000) begin
      address = {{4'd0, 6'($urandom), 2'd0}};
      if ($urandom % 2 == 0) address = 12'h030 + 12'(4 * ($urandom % 13)); // those that can be written
      data = $urandom;
      if (address == 12'h03c) data[1] = 0; // a soft reset, of which SystemRDL is not told
      write(address, data);
      same("start, abort, soft reset", {{pulses[0][15:0], pulses[1][15:0], pulses[2][15:0]}}, {{pulses[3][15:0], pulses[4][15:0], pulses[5][15:0]}});
      same("descriptor", descriptor, {{out.DESC_HI.value.value, out.DESC_LO.value.value}});
      same("timeout", timeout, out.TIMEOUT.value.value);
      @(negedge clk) events = $urandom % 4 == 0 ? 3'($urandom) : 0; status = 6'($urandom); job_id = $urandom; error = $urandom % 14; detail = $urandom % 256;
      @(negedge clk) events = 0;
      read($urandom % 2 == 0 ? address : {{4'd0, 6'($urandom), 2'd0}});
    end
    for (int word = 0; word < 64; word++) read(12'(4 * word));
    $display("%0d compared, %0d differ, %0d starts", compared, faults, pulses[0]);
    $finish;
  end
endmodule
'''


def decoder_differs(folder, rdl, work, registers):
    """Exit status of the bench: whether the decoder of `rdl` differs from ours."""
    work.mkdir()
    subprocess.run(['peakrdl', 'regblock', rdl, '--cpuif', 'axi4-lite-flat', '-o', work], check=True, stdout=subprocess.DEVNULL)
    for made in work.glob('*.sv'):  # Verilator 5.006 takes no member of that name
        made.write_text(re.sub(r'\babort\b', 'abort_job', made.read_text()))
    (work / 'bench.sv').write_text(bench(registers, 7))
    subprocess.run(['verilator', '--binary', '--timing', '-Wno-fatal', '-Wno-lint', '--top-module', 'bench', '--Mdir', work / 'obj', '-j', '2',
                    work / 'quillgen_pkg.sv', work / 'quillgen.sv', work / 'bench.sv', folder / 'axil_registers.v'],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = subprocess.run([work / 'obj' / 'Vbench'], check=True, text=True, stdout=subprocess.PIPE).stdout
    lines = [line for line in out.splitlines() if not line.startswith('- ')]
    print(f'decoder of {rdl.name}: ' + '; '.join(lines[-3:]) if ' 0 differ' in lines[-1] or rdl.parent == folder else f'a fault planted in {rdl.name} is noticed')
    assert 'compared' in lines[-1] and ' 0 starts' not in lines[-1]
    return ' 0 differ' not in lines[-1]


def main():
    folder, schemas, work = map(pathlib.Path, sys.argv[1:])
    top = 'quillgen'
    header, values = metadata.of_header(folder, top)
    root = compile_rdl(folder / (top + '.rdl'))
    rdl, rdl_resets = compiled(root)
    xact, xact_resets = compiled(compile_xact(folder / (top + '.xml')))
    assert rdl == header, [(n, rdl.get(n), header[n]) for n in header if rdl.get(n) != header[n]][:3]
    assert xact == header, [(n, xact.get(n), header[n]) for n in header if xact.get(n) != header[n]][:3]
    assert rdl_resets == xact_resets and all(rdl_resets[n] == v for n, v in values.items())
    print(f'{len(rdl)} registers: SystemRDL and IP-XACT, compiled, have those of the C header')

    schema = etree.XMLSchema(etree.parse(str(schemas / 'index.xsd')))
    text = (folder / (top + '.xml')).read_text()
    schema.assertValid(etree.fromstring(text.encode()))
    assert not schema.validate(etree.fromstring(text.replace('>read-only<', '>readonly<').encode()))
    print('IP-XACT is valid by the schema of IEEE 1685-2014')

    assert not decoder_differs(folder, folder / (top + '.rdl'), work / 'decoder', header)
    broken = work / 'broken.rdl'
    broken.write_text((folder / (top + '.rdl')).read_text().replace('onwrite = woclr;', 'onwrite = woset;', 1))
    assert decoder_differs(folder, broken, work / 'broken', header), 'a decoder that differs is not noticed'
    return 0


if __name__ == '__main__':
    sys.exit(main())
