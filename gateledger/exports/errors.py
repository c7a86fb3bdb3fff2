"""What is wrong with an export."""

from cmdb.errors import GateledgerError


class ExportError(GateledgerError):
    """The export cannot be written as asked."""
