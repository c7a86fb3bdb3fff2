"""The command ``gateledger``: global options, its commands, and how every command ends."""


def main() -> None:
    """Run the command line of this process; the entry point of the installed command."""
    from gateledger.cli.entry import main as run_command_line

    run_command_line()
