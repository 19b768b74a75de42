"""Runs a packed job (verif/pack/README.md) on a generated design with the AXI models of cocotbext-axi: a witness that shares
nothing with the bench in tb/. JOB in the environment names its folder, RESET the port of the reset."""
import itertools
import os
import pathlib
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam

JOB = pathlib.Path(os.environ['JOB'])
RESET = os.environ.get('RESET', 'rst')
STALL = int(os.environ.get('STALL', '0'))


def stalls(seed):
    """True in STALL percent of the cycles."""
    chance = random.Random(seed)
    return (chance.randrange(100) < STALL for _ in itertools.count())


@cocotb.test()
async def packed_job(dut):
    lines = [line.split() for line in (JOB / 'host.txt').read_text().splitlines()]
    base, size = (int(word, 16) for word in next(line for line in lines if line[0] == 'memory')[1:3])
    assert base == 0, 'AxiRam begins at 0: pack the job with --base 0'
    cocotb.start_soon(Clock(dut.clk, 10, units='ns').start())
    reset, active_high = getattr(dut, RESET), RESET == 'rst'
    reset.value = int(active_high)
    ram = AxiRam(AxiBus.from_prefix(dut, 'm_axi'), dut.clk, reset, reset_active_level=active_high, size=(size + 4095) // 4096 * 4096)
    host = AxiLiteMaster(AxiLiteBus.from_prefix(dut, 's_axil'), dut.clk, reset, reset_active_level=active_high)
    if STALL:
        channels = (ram.read_if.ar_channel, ram.read_if.r_channel, ram.write_if.aw_channel, ram.write_if.w_channel, ram.write_if.b_channel)
        for seed, channel in enumerate(channels):
            channel.set_pause_generator(stalls(seed))
    ram.write(0, (JOB / 'memory.bin').read_bytes())
    await ClockCycles(dut.clk, 8)
    reset.value = int(not active_high)
    await ClockCycles(dut.clk, 4)

    for what, address, value, mask in lines:
        address = int(address, 16)
        if what == 'expect':
            got = await host.read_dword(address)
            assert got & int(mask, 16) == int(value, 16) & int(mask, 16), f'register {address:#x} is {got:#x}, expected {value}'
        elif what == 'write':
            await host.write_dword(address, int(value, 16))
        elif what == 'wait':
            while await host.read_dword(address) & int(mask, 16) == 0:
                await ClockCycles(dut.clk, 50)
        elif what == 'store':
            data, strobe = bytes.fromhex(value)[::-1], int(mask, 16)
            for i, byte in enumerate(data):
                if strobe >> i & 1:
                    ram.write(address + i, bytes([byte]))

    expected, found = (JOB / 'expected.bin').read_bytes(), bytes(ram.read(0, size))
    wrong = [i for i in range(size) if found[i] != expected[i]]
    assert not wrong, f'{len(wrong)} bytes differ, the first at {wrong[0]:#x}: expected {expected[wrong[0]]:02x}, got {found[wrong[0]]:02x}'
    dut._log.info('%d bytes as expected', size)
