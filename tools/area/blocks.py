# How the design is cut into blocks: what the top and some modules below it instantiate, their FIFOs between blocks apart.
import json
import os
import re

LANE = 'sampling_lane'
COLUMN = 'sampling_column'  # of lanes that share the levels
CONTAINERS = ['gemm_unit', 'msda_core', COLUMN, LANE]


def instances(text):
    """[(module, instance)] of a generated module."""
    return re.findall(r'^  (\w+)(?: #\([^;]*?\))? u_(\w+) \($', text, re.M)


def is_fifo(module):
    return module in ('fifo', 'sram_fifo')


class Design:
    def __init__(self, rtl):
        self.rtl = rtl
        manifest = json.load(open(os.path.join(rtl, 'manifest.json')))
        self.top = manifest['top']
        self.memories = {(m['depth'], m['width']) for m in manifest['memories'] if m['wrapper'] == 'sram_1r1w'}
        self.memory_bits = sum(m['depth'] * m['width'] for m in manifest['memories'] if m['wrapper'] == 'sram_1r1w')
        self.text = {name[:-2]: open(os.path.join(rtl, name)).read() for name in sorted(os.listdir(rtl)) if name.endswith('.v')}
        self.containers = [self.top] + [name for name in CONTAINERS if name in self.text]
        for container in self.containers:
            self.text[container] = re.sub(r'^  (\w+) #\((.*)\) u_(\w+) \($', self.without_parameters, self.text[container], flags=re.M)
        self.children = {name: instances(text) for name, text in self.text.items()}
        inside = lambda container: [module for module, _ in self.children[container]
                                    if module not in self.containers and not is_fifo(module)]
        self.lane_blocks = sorted({module for container in (COLUMN, LANE) if container in self.text for module in inside(container)})
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

    def without_parameters(self, instance):
        """A block with parameters is mapped as it is here: as a module of its own, by the name of the instance."""
        module, parameters, name = instance.groups()
        if is_fifo(module):
            return instance[0]
        text = self.text[module].replace(f'module {module} ', f'module {name} ')
        for parameter, value in re.findall(r'\.(\w+)\((\d+)\)', parameters):
            text = re.sub(rf'(parameter integer {parameter} *= )\d+', rf'\g<1>{value}', text)
        self.text[name] = text
        return f'  {name} u_{name} ('

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
            names |= {child for child in list_of if list_of.count(child) > 2 and not child.endswith('_1r1w') and not is_fifo(child)}
        return sorted(names)
