"""Stories of a stage and the client certificate it names, from AWS to report.finding."""

from __future__ import annotations

import json

import pytest

from simulated_aws import FaultKind
from tests.support.doses import at_length
from tests.support.nights import EXPIRY, REGION, MakeNights, Nights

EMPTY = ("INCOMPLIANT", "certificate_empty")
DELETED = ("INCOMPLIANT", "certificate_deleted")
PRESENT = ("COMPLIANT", "certificate_present")
UNKNOWN = ("UNDETERMINED", "certificates_unknown")
READS = ("GetClientCertificates", "GetClientCertificate")


def test_a_certificate_is_attached_detached_and_attached_again(nights: Nights) -> None:
    # given a stage without a certificate
    stage = nights.stage()
    nights.nights(2)
    assert nights.verdict(stage) == EMPTY
    assert nights.since(stage) == 1
    # when it gets one
    certificate = nights.certificate()
    nights.attach(stage, certificate)
    nights.night()
    # then it is compliant since that night, and what the finding says names the certificate
    assert nights.verdict(stage) == PRESENT
    assert nights.since(stage) == 3
    assert nights.finding(stage)["client_certificate_id"] == certificate
    assert certificate in nights.finding(stage)["message"]
    # when it is taken away, and given back two nights later
    nights.detach(stage)
    nights.nights(2)
    nights.attach(stage, certificate)
    nights.night()
    # then each change is in the history, and both episodes were remediated
    assert nights.history(stage) == [
        ("certificate_empty", 1, 3),
        ("certificate_present", 3, 4),
        ("certificate_empty", 4, 6),
        ("certificate_present", 6, None),
    ]
    assert nights.episodes(stage) == [(1, 3, "COMPLIANT"), (4, 6, "COMPLIANT")]


@pytest.mark.both_servers
def test_a_certificate_is_deleted_and_restored(nights: Nights) -> None:
    # given two stages with one certificate
    certificate = nights.certificate()
    first, second = (nights.stage(name, certificate=certificate) for name in ("prod", "beta"))
    nights.night()
    # when it is deleted while both name it
    nights.place().delete_certificate(certificate)
    nights.aws.log.clear()
    nights.night()
    # then both are incompliant, after a second look at the certificate itself
    assert nights.verdict(first) == nights.verdict(second) == DELETED
    assert nights.asked("GetClientCertificate") == 1
    # and it is not asked for again while the listings go on lacking it
    nights.aws.log.clear()
    nights.nights(2)
    assert nights.asked("GetClientCertificate") == 0
    # when it is back
    nights.place().restore_certificate(certificate)
    nights.night()
    # then both are compliant again
    assert nights.verdict(first) == nights.verdict(second) == PRESENT
    for stage in (first, second):
        assert nights.history(stage) == [
            ("certificate_present", 1, 2),
            ("certificate_deleted", 2, 5),
            ("certificate_present", 5, None),
        ]
        assert nights.episodes(stage) == [(2, 5, "COMPLIANT")]


def test_a_deleted_certificate_is_replaced_by_a_new_one(nights: Nights) -> None:
    # given a stage whose certificate was deleted
    old = nights.certificate()
    stage = nights.stage(certificate=old)
    nights.night()
    nights.place().delete_certificate(old)
    nights.night()
    # when a new one is made and named
    new = nights.certificate()
    nights.attach(stage, new)
    nights.night()
    # then the stage is compliant; a certificate that nobody names any longer stays deleted
    assert nights.verdict(stage) == PRESENT
    states = nights.rows("SELECT certificate_id, valid_to, proven_absent FROM cmdb.certificate ORDER BY 2")
    assert [(row["certificate_id"], row["proven_absent"]) for row in states] == [(old, True), (new, False)]


def test_a_stage_goes_back_to_a_certificate_that_was_deleted_before(nights: Nights) -> None:
    # given a certificate that was deleted long ago, and a stage with another one
    gone, good = nights.certificate(), nights.certificate()
    stage = nights.stage(certificate=good)
    nights.night()
    nights.place().delete_certificate(gone)
    nights.nights(2)
    # when the stage is rolled back to the deleted one
    nights.attach(stage, gone)
    nights.night()
    # then that counts at once: the listing of the same night proves it gone
    assert nights.verdict(stage) == DELETED
    assert nights.since(stage) == 4


def test_a_stage_rolled_back_to_a_deleted_certificate_while_certificates_are_denied(nights: Nights) -> None:
    # given a certificate that was proven deleted
    gone, good = nights.certificate(), nights.certificate()
    stage = nights.stage(certificate=good)
    nights.night()
    nights.place().delete_certificate(gone)
    nights.night()
    # when a stage names it on a night on which certificates cannot be read
    denied = [nights.aws.faults.add(FaultKind.DENIED, operation) for operation in READS]
    nights.attach(stage, gone)
    nights.night()
    # then the old proof says nothing: it may have been made since
    assert nights.verdict(stage) == UNKNOWN
    # and the next clean night tells
    nights.mend(*denied)
    nights.night()
    assert nights.verdict(stage) == DELETED
    assert nights.episodes(stage) == [(4, None, None)]


@pytest.mark.parametrize("blank", at_length(["", " ", " \t "], but=lambda blank: blank != " "))
def test_a_blank_certificate_is_none(nights: Nights, blank: str) -> None:
    # given a stage whose certificate field is there and blank
    stage = nights.stage(certificate=blank)
    nights.aws.log.clear()
    nights.night()
    # then it has no certificate, and nobody was asked about a certificate without a name
    assert nights.verdict(stage) == EMPTY
    assert nights.asked("GetClientCertificate") == 0
    # when the field goes from blank to absent, and on to a certificate
    nights.detach(stage)
    nights.night()
    assert nights.since(stage) == 1
    nights.attach(stage, nights.certificate())
    nights.night()
    assert nights.history(stage) == [("certificate_empty", 1, 3), ("certificate_present", 3, None)]


def test_certificates_are_denied_and_allowed_again(nights: Nights) -> None:
    # given a stage with a certificate, and one without
    named, bare = nights.stage(certificate=nights.certificate()), nights.stage("bare")
    nights.night()
    # when certificates are denied for longer than the allowed staleness of 72 hours
    denied = [nights.aws.faults.add(FaultKind.DENIED, operation) for operation in READS]
    for day in (2, 3, 4):
        summary = nights.night()
        assert summary.scopes_failed == 1
        assert nights.scopes()["client_certificate"] == ("failed", "denied")
        assert nights.verdict(named) == PRESENT, f"on day {day} the last reading is not too old"
    nights.night()
    # then it is not known any longer whether the certificate exists; what needs none is judged as ever
    assert nights.verdict(named) == UNKNOWN
    assert nights.verdict(bare) == EMPTY
    # when they are allowed again
    nights.mend(*denied)
    assert nights.night().scopes_failed == 0
    assert nights.verdict(named) == PRESENT
    assert nights.history(named) == [
        ("certificate_present", 1, 5),
        ("certificates_unknown", 5, 6),
        ("certificate_present", 6, None),
    ]
    assert nights.history(bare) == [("certificate_empty", 1, None)]
    assert nights.episodes(named) == []


def test_a_certificate_deleted_during_a_denial_is_found_when_it_ends(nights: Nights) -> None:
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    # given a night on which certificates are denied, and the certificate goes meanwhile
    denied = [nights.aws.faults.add(FaultKind.DENIED, operation) for operation in READS]
    nights.place().delete_certificate(certificate)
    nights.night()
    # then nothing is concluded
    assert nights.verdict(stage) == PRESENT
    # but on the next clean night
    nights.mend(*denied)
    nights.night()
    assert nights.history(stage) == [("certificate_present", 1, 3), ("certificate_deleted", 3, None)]


def test_a_certificate_is_named_while_the_listing_is_denied_from_the_first_night(nights: Nights) -> None:
    # given certificates that were never listed
    good, gone = nights.certificate(), nights.certificate()
    nights.place().delete_certificate(gone)
    stages = nights.stage("prod", certificate=good), nights.stage("old", certificate=gone)
    denied = [nights.aws.faults.add(FaultKind.DENIED, operation) for operation in READS]
    nights.nights(2)
    # then neither is known to exist or to be deleted
    assert [nights.verdict(stage) for stage in stages] == [UNKNOWN, UNKNOWN]
    # when the listing works for the first time
    nights.mend(*denied)
    nights.night()
    # then one is there and the other was deleted before it was ever seen
    assert [nights.verdict(stage) for stage in stages] == [PRESENT, DELETED]
    assert [nights.since(stage) for stage in stages] == [3, 3]


def test_a_second_look_that_is_denied_proves_nothing(nights: Nights) -> None:
    # given a certificate that is deleted while only looks at single certificates are denied
    certificate, other = nights.certificate(), nights.certificate()
    stage, calm = nights.stage(certificate=certificate), nights.stage("calm", certificate=other)
    nights.night()
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetClientCertificate")
    nights.place().delete_certificate(certificate)
    # when it is missing from a whole listing
    summary = nights.night()
    # then the scope is partial, and the stage as it was: one that is listed is not touched
    assert summary.scopes_failed == 1
    assert nights.scopes()["client_certificate"] == ("partial", "denied")
    assert nights.verdict(stage) == nights.verdict(calm) == PRESENT
    # until what was read of it becomes too old
    nights.nights(3)
    assert nights.verdict(stage) == UNKNOWN
    assert nights.verdict(calm) == PRESENT
    # when the look is allowed again, it is NotFound
    nights.mend(denied)
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [
        ("certificate_present", 1, 5),
        ("certificates_unknown", 5, 6),
        ("certificate_deleted", 6, None),
    ]
    assert nights.history(calm) == [("certificate_present", 1, None)]


def test_a_listing_that_lacks_a_certificate_is_not_believed(nights: Nights) -> None:
    # given a listing that is whole to look at and lacks a certificate that exists
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()

    def without_it(body: bytes) -> bytes:
        content = json.loads(body)
        content["item"] = [item for item in content["item"] if item["clientCertificateId"] != certificate]
        return json.dumps(content).encode()

    nights.aws.faults.add(FaultKind.REPLACE_BODY, "GetClientCertificates", body=without_it)
    # then the second look finds it
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("certificate_present", 1, None)]


def test_a_certificate_made_while_the_night_is_at_work(nights: Nights) -> None:
    # given a stage that gets its certificate after its stages were read and before certificates are
    stage = nights.stage()
    nights.night()
    made: list[str] = []

    def meanwhile(body: bytes) -> bytes:
        made.append(nights.certificate())
        nights.attach(stage, made[0])
        return body

    nights.aws.faults.add(FaultKind.REPLACE_BODY, "GetStages", times=1, body=meanwhile)
    nights.night()
    assert nights.verdict(stage) == EMPTY
    # then the next night sees both
    nights.night()
    assert nights.history(stage) == [("certificate_empty", 1, 3), ("certificate_present", 3, None)]


def test_a_certificate_made_just_before_its_stage_names_it_is_never_taken_for_deleted(nights: Nights) -> None:
    # given a stage that names, by the time its stages are read, a certificate made a moment ago
    stage = nights.stage()
    nights.night()

    def meanwhile(body: bytes) -> bytes:
        nights.attach(stage, nights.certificate())
        return body

    nights.aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", times=1, body=meanwhile)
    nights.night()
    # then certificates, which are read after stages, hold it
    assert nights.history(stage) == [("certificate_empty", 1, 2), ("certificate_present", 2, None)]


@pytest.mark.both_servers
def test_an_acm_certificate_is_there_deleted_and_restored(nights: Nights) -> None:
    arn = nights.acm_certificate()
    stage = nights.stage(certificate=arn)
    nights.night()
    assert nights.verdict(stage) == PRESENT
    # when ACM says that there is none
    nights.place().delete_acm_certificate(arn)
    nights.nights(2)
    assert nights.verdict(stage) == DELETED
    # and when it is back
    nights.place().restore_acm_certificate(arn)
    nights.night()
    assert nights.history(stage) == [
        ("certificate_present", 1, 2),
        ("certificate_deleted", 2, 4),
        ("certificate_present", 4, None),
    ]


def test_acm_is_denied(nights: Nights) -> None:
    # given a stage with a certificate of ACM that was seen, and one whose certificate never was
    seen = nights.stage(certificate=nights.acm_certificate())
    nights.night()
    denied = nights.aws.faults.add(FaultKind.DENIED, "DescribeCertificate")
    unseen = nights.stage("unseen", certificate=nights.acm_certificate())
    plain = nights.stage("plain", certificate=nights.certificate())
    # when ACM may not be asked
    assert nights.night().scopes_failed == 1
    # then only what was never seen is unknown, and other certificates are not concerned
    assert nights.scopes()["acm_certificate"] == ("failed", "denied")
    assert nights.verdict(seen) == PRESENT
    assert nights.verdict(unseen) == UNKNOWN
    assert nights.verdict(plain) == PRESENT
    # until the reading is too old
    nights.nights(3)
    assert nights.verdict(seen) == UNKNOWN
    # and when it is allowed again
    nights.mend(denied)
    nights.night()
    assert nights.history(seen) == [
        ("certificate_present", 1, 5),
        ("certificates_unknown", 5, 6),
        ("certificate_present", 6, None),
    ]
    assert nights.history(unseen) == [("certificates_unknown", 2, 6), ("certificate_present", 6, None)]
    assert nights.history(plain) == [("certificate_present", 2, None)]


def test_one_of_two_acm_certificates_cannot_be_looked_at(nights: Nights) -> None:
    good, odd = nights.acm_certificate(), nights.acm_certificate()
    stages = nights.stage("good", certificate=good), nights.stage("odd", certificate=odd)
    nights.night()
    nights.aws.faults.add(FaultKind.DENIED, "DescribeCertificate", resource_id=odd)
    nights.nights(4)
    assert nights.scopes()["acm_certificate"] == ("partial", "denied")
    assert nights.history(stages[0]) == [("certificate_present", 1, None)]
    assert nights.history(stages[1]) == [("certificate_present", 1, 5), ("certificates_unknown", 5, None)]


def test_an_acm_certificate_that_no_stage_names_any_longer_is_not_deleted(nights: Nights) -> None:
    # given a certificate of ACM that stages let go of and name again
    arn = nights.acm_certificate()
    stage = nights.stage(certificate=arn)
    nights.night()
    nights.detach(stage)
    nights.nights(2)
    nights.attach(stage, arn)
    nights.night()
    assert nights.history(stage) == [
        ("certificate_present", 1, 2),
        ("certificate_empty", 2, 4),
        ("certificate_present", 4, None),
    ]


def test_an_acm_certificate_deleted_while_no_stage_named_it(nights: Nights) -> None:
    arn = nights.acm_certificate()
    stage = nights.stage(certificate=arn)
    nights.night()
    nights.detach(stage)
    nights.night()
    nights.place().delete_acm_certificate(arn)
    nights.night()
    # when a stage names it again, on a night on which ACM is denied
    denied = nights.aws.faults.add(FaultKind.DENIED, "DescribeCertificate")
    nights.attach(stage, arn)
    nights.night()
    assert nights.verdict(stage) == UNKNOWN
    nights.mend(denied)
    nights.night()
    assert nights.verdict(stage) == DELETED


def test_an_acm_certificate_of_another_region_is_never_known(nights: Nights) -> None:
    foreign = nights.place("us-east-1").add_acm_certificate("client.example.com").arn
    stage = nights.stage(certificate=foreign)
    assert nights.night().scopes_failed == 1
    assert nights.verdict(stage) == UNKNOWN


def test_a_certificate_nears_its_end_and_passes_it(nights: Nights) -> None:
    # given a certificate that ends in 31 days
    certificate = nights.place().create_certificate(expires_at=nights.as_of(32))
    stage = nights.stage(certificate=certificate.id)
    nights.night()
    assert nights.verdict(stage, EXPIRY) == ("COMPLIANT", "certificate_valid")
    # when time passes and nothing else happens, one night in ten
    nights.night()
    assert nights.verdict(stage, EXPIRY) == ("INCOMPLIANT", "certificate_expires_soon")
    for _ in range(3):
        nights.skip(9)
        nights.night()
    # then it expires, in the same episode
    assert nights.verdict(stage, EXPIRY) == ("INCOMPLIANT", "certificate_expired")
    assert nights.since(stage, EXPIRY) == 2
    assert nights.history(stage, EXPIRY) == [
        ("certificate_valid", 1, 2),
        ("certificate_expires_soon", 2, 32),
        ("certificate_expired", 32, None),
    ]
    # and the other policy, which asks whether it exists, goes on as it was
    assert nights.history(stage) == [("certificate_present", 1, None)]


def test_a_certificate_of_another_region_does_not_count(make_nights: MakeNights) -> None:
    # given two regions, and in each a stage that names a certificate of the first
    nights = make_nights(regions=f"{REGION},us-east-1")
    here, there = nights.place(), nights.place("us-east-1")
    certificate = nights.certificate(here)
    stages = [nights.stage(place=place, certificate=certificate) for place in (here, there)]
    nights.night()
    # then it exists only where it is
    assert [nights.verdict(stage) for stage in stages] == [PRESENT, DELETED]
