# Why long paths may stay: lines DESIGN END: REASON, * for any text.
import fnmatch


class Reasons:
    def __init__(self, file, design):
        self.lines = []  # [end, reason, number of paths]
        for line in open(file):
            if line.strip() and not line.startswith('#'):
                rule, separator, reason = line.strip().partition(': ')
                if not separator or len(rule.split()) != 2:
                    raise RuntimeError(f'{file}: "{line.strip()}" is not DESIGN END: REASON')
                of, end = rule.split()
                if fnmatch.fnmatchcase(design, of):
                    self.lines.append([end, reason, 0])

    def explain(self, end):
        """Whether a line fits a path that ends there; the first one counts it."""
        for line in self.lines:
            if fnmatch.fnmatchcase(end, line[0].replace('[', '[[]')):
                line[2] += 1
                return True
        return False
