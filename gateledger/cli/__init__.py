"""The command ``gateledger``: global options, its commands, and how every command ends."""

import gc


def main() -> None:
    """Run the command line of this process; the entry point of the installed command."""
    # Start-up makes a hundred thousand objects that stay: looking for garbage among them costs a tenth of it.
    gc.set_threshold(50_000, 20, 20)
    from gateledger.cli.entry import main as run_command_line

    run_command_line()
