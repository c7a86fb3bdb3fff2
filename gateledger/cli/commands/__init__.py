"""Commands of the command line, one module per group.

The modules hold signatures and help; what a command needs is imported when it runs, so that
``gateledger --help`` stays quick.
"""
