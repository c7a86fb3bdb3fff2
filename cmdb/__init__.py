"""The CMDB: tables, migrations, embedded server, merge of snapshots into versions, reporting views.

Owns the whole database and imports no other package of the project.
"""
