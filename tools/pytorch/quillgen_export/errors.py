"""What goes wrong in a way that its user can mend."""


class ExportError(Exception):
    """One line: which module, what is wrong, how to mend it."""
