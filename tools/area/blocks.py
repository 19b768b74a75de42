# How the design is cut into blocks: what the top and three modules below it instantiate, their FIFOs between blocks apart.
import json
import os
import re

LANE = 'sampling_lane'
CONTAINERS = ['gemm_unit', 'msda_core', LANE]


def instances(text):
    """[(module, instance)] of a generated module."""
    return re.findall(r'^  (\w+)(?: #\([^;]*?\))? u_(\w+) \($', text, re.M)


class Design:
    def __init__(self, rtl):
        self.rtl = rtl
        manifest = json.load(open(os.path.join(rtl, 'manifest.json')))
        self.top = manifest['top']
        self.memories = {(m['depth'], m['width']) for m in manifest['memories'] if m['wrapper'] == 'sram_1r1w'}
        self.memory_bits = sum(m['depth'] * m['width'] for m in manifest['memories'] if m['wrapper'] == 'sram_1r1w')
        self.text = {name[:-2]: open(os.path.join(rtl, name)).read() for name in sorted(os.listdir(rtl)) if name.endswith('.v')}
        self.containers = [self.top] + CONTAINERS
        self.children = {name: instances(text) for name, text in self.text.items()}
        inside = lambda container: [module for module, _ in self.children[container]
                                    if module not in self.containers and not re.match(r'(sram_)?fifo_', module)]
        self.lane_blocks = sorted(set(inside(LANE)))
        self.blocks = sorted({module for container in self.containers for module in inside(container)})
        # Where each block is: {block: [path of instance names from the top]}
        self.places = {name: [] for name in self.blocks + self.containers}
        self.walk(self.top, '')

    def walk(self, module, path):
        if module in self.places:
            self.places[module].append(path)
        if module in self.containers:
            for child, name in self.children[module]:
                self.walk(child, f'{path}/u_{name}' if path else f'u_{name}')

    def files(self, module, stop=()):
        """Names of a module and all below it, those of `stop` left out."""
        found = []
        def visit(name):
            if name not in found and name not in stop:
                found.append(name)
                for child, _ in self.children[name]:
                    visit(child)
        visit(module)
        return found

    def repeated(self, block):
        """Modules that stand more than twice side by side in one module of a block: they are mapped once."""
        names = set()
        for name in self.files(block):
            list_of = [child for child, _ in self.children[name]]
            names |= {child for child in list_of if list_of.count(child) > 2 and not child.endswith('_1r1w')}
        return sorted(names)
