"""The report: a static, self-contained site made from the reporting views.

It opens from disk, asks no network, and holds nothing that did not come from a view of schema ``report`` or
from the policies' own texts.
"""
