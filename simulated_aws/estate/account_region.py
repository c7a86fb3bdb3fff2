"""One account-region of the simulated AWS and everything that can happen to it."""

from __future__ import annotations

from collections.abc import Iterator

from simulated_aws.estate.account_settings import SettingsOfAccount
from simulated_aws.estate.domain_names import DomainNames
from simulated_aws.estate.http_apis import HttpApis
from simulated_aws.estate.kept_certificates import KeptCertificates
from simulated_aws.estate.stages import Stages


class AccountRegion(Stages, KeptCertificates, DomainNames, HttpApis, SettingsOfAccount):
    """What one account has in one region.

    Change it only through its methods: each holds the estate's lock, stamps the estate's time, and drops the
    answers that were encoded before. ``KeyError`` is raised for a thing that is not there, ``ValueError``
    for a value AWS does not have. Ids follow from the seed and the order of calls.
    """

    def rotate_certificate(self, api_id: str, name: str) -> Iterator[str]:
        """Rotate a stage's client certificate step by step: generate, attach, delete the old one.

        Each step is done when it is requested; it yields the new certificate's id after each of them.
        """
        old = self.apis[api_id].stages[name].client_certificate_id
        made = self.create_certificate(f"{name} of {api_id}").id
        yield made
        self.attach_certificate(api_id, name, made)
        yield made
        if old in self.certificates:
            self.delete_certificate(old)
        yield made
