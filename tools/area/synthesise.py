# Maps every block with Yosys, two at a time, and each multiplier and adder alone. A block whose Verilog is as before is not mapped again.
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

import library

# dc2 and fraig, which Yosys runs by default, made multipliers slower by half and one block ten times slower to map.
ABC = 'strash; &get -n; &dch -f; &nf; &put; buffer; upsize; dnsize\n'
DEFINES = '-DQUILLGEN_SRAM_MACRO=sram_macro'


def say(text):
    print(f'== {text}', file=sys.stderr, flush=True)


class Mapper:
    def __init__(self, name, design, folder):
        self.name, self.design, self.folder = name, design, folder
        self.constraints = f'set_driving_cell {library.DRIVER}\nset_load {library.LOAD}\n'
        self.memories_v, self.memories_lib = self.path('memories.v'), self.path('memories.lib')
        library.write_memories(design.memories, self.memories_v, self.memories_lib)
        for name, text in [('abc.txt', ABC), ('constraints.txt', self.constraints)]:
            open(self.path(name), 'w').write(text)
        os.makedirs(self.path('blocks'), exist_ok=True)
        for name, text in design.text.items():
            open(self.source(name), 'w').write(text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def netlist(self, module):
        return self.path(f'{module}.mapped.v')

    def source(self, module):
        return self.path(f'blocks/{module}.v')

    def below(self, unit):
        """What a container instantiates of other units."""
        return sorted({child for child, _ in self.design.children[unit]} & set(self.design.places)) if unit in self.design.containers else []

    def run(self, name, script, files):
        """Runs Yosys unless this script on these files was run before."""
        key = hashlib.sha256((ABC + self.constraints + script + ''.join(open(f).read() for f in files)).encode()).hexdigest()
        key_file = self.path(f'{name}.key')
        if os.path.exists(key_file) and open(key_file).read() == key:
            return
        if os.path.exists(key_file):
            os.remove(key_file)  # from here on what lies there may be half of another block
        open(self.path(f'{name}.ys'), 'w').write(script)
        done = subprocess.run(['yosys', '-q', '-l', self.path(f'{name}.log'), self.path(f'{name}.ys')], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'yosys failed on {name}, see {self.path(name + ".log")}: {done.stderr.strip()}')
        open(key_file, 'w').write(key)

    def gates(self):
        """Logic to cells of the library."""
        return [f'abc -liberty {library.LIBERTY} -constr {self.path("constraints.txt")} -script {self.path("abc.txt")}', 'opt_clean -purge']

    def map_block(self, block):
        design = self.design
        below = self.below(block)
        files = [self.source(name) for name in design.files(block, below)]
        kept = [] if below else design.repeated(block)
        lines = [f'read_liberty -lib {library.LIBERTY}', f'read_liberty -lib {self.memories_lib}',
                 f'read_verilog {DEFINES} {" ".join(files)} {self.memories_v}']
        if below:  # their ports alone
            lines.append('read_verilog -lib ' + ' '.join(map(self.source, below)))
            files += map(self.source, below)
        lines.append(f'hierarchy -check -top {block}')
        lines += [f'setattr -mod -set keep_hierarchy 1 {name}' for name in kept]
        # Words as the designer wrote them, to count multipliers and adders.
        lines += ['proc', 'flatten', 'opt -full', 'wreduce', 'opt_clean', f'write_json {self.path(block + ".words.json")}']
        lines += [f'synth -flatten -top {block}', f'dfflibmap -liberty {library.LIBERTY}', *self.gates(), 'rename -wire -suffix _reg ' + ' '.join(f't:{flop}' for flop in library.FLOPS),
                  f'tee -o {self.path(block + ".stat.json")} stat -json -top {block}', f'write_verilog -noattr -noexpr -simple-lhs {self.netlist(block)}']
        self.run(block, '\n'.join(lines) + '\n', files + [self.memories_v, self.memories_lib])

    def map_all(self):
        units = self.design.blocks + self.design.containers
        # The longest text first, so that the last to end is a short one.
        units.sort(key=lambda name: -sum(len(self.design.text[f]) for f in self.design.files(name, self.below(name))))
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            jobs = {pool.submit(self.map_block, name): name for name in units}
            for number, job in enumerate(concurrent.futures.as_completed(jobs), 1):
                job.result()
                say(f'{self.name}: mapped {jobs[job]} ({number} of {len(units)})')

    def cells(self, unit):
        """{cell: count} of a mapped block, all levels of it together."""
        text = open(self.path(f'{unit}.stat.json')).read()
        return json.loads(text)['design']['num_cells_by_type']
