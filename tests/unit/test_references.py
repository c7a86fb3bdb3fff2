"""What people paste to name a stage, and what it says."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from gateledger.queries.references import (
    ItemReference,
    ReferenceUnreadable,
    StageReference,
    parse_reference,
)

ID = "a1b2c3d4e5"
EU, CN, GOV = "eu-central-1", "cn-north-1", "us-gov-west-1"
ACCOUNT = "111122223333"
CONSOLE = "https://eu-central-1.console.aws.amazon.com/apigateway"


def made(
    stage: str | None, region: str | None = EU, partition: str | None = "aws", account: str | None = None
) -> StageReference:
    return StageReference(ID, stage, region, partition, account)


READ = {
    # ARNs of the control plane, with and without what is optional in them.
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/stages/prod": made("prod"),
    f"  arn:aws:apigateway:{EU}::/restapis/{ID}/stages/prod\n": made("prod"),
    f'"arn:aws:apigateway:{EU}::/restapis/{ID}/stages/prod"': made("prod"),
    f"arn:aws-cn:apigateway:{CN}::/restapis/{ID}/stages/prod": made("prod", CN, "aws-cn"),
    f"arn:aws-us-gov:apigateway:{GOV}::/restapis/{ID}/stages/prod": made("prod", GOV, "aws-us-gov"),
    f"arn:aws-iso-b:apigateway:us-isob-east-1::/restapis/{ID}/stages/p": made(
        "p", "us-isob-east-1", "aws-iso-b"
    ),
    f"arn:aws:apigateway:{EU}:{ACCOUNT}:/restapis/{ID}/stages/prod": made("prod", account=ACCOUNT),
    f"arn:aws:apigateway:{EU}::restapis/{ID}/stages/prod": made("prod"),
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/stages/prod/exports/oas30": made("prod"),
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/stages/Käufe_1-2": made("Käufe_1-2"),
    f"arn:aws:apigateway:{EU}::/apis/{ID}/stages/$default": made("$default"),
    f"arn:aws:apigateway:{EU}:{ACCOUNT}:/apis/{ID}/stages/prod/x": made("prod", account=ACCOUNT),
    # The API's own.
    f"arn:aws:apigateway:{EU}::/restapis/{ID}": made(None),
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/": made(None),
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/stages": made(None),
    f"arn:aws:apigateway:{EU}::/restapis/{ID}/deployments/d3": made(None),
    # ARNs of the data plane, as in IAM policies and Lambda permissions.
    f"arn:aws:execute-api:{EU}:{ACCOUNT}:{ID}/prod": made("prod", account=ACCOUNT),
    f"arn:aws:execute-api:{EU}:{ACCOUNT}:{ID}/prod/GET/orders/*": made("prod", account=ACCOUNT),
    f"arn:aws:execute-api:{EU}:{ACCOUNT}:{ID}/*/GET/orders": made(None, account=ACCOUNT),
    f"arn:aws:execute-api:{EU}:{ACCOUNT}:{ID}": made(None, account=ACCOUNT),
    f"arn:aws-cn:execute-api:{CN}:{ACCOUNT}:{ID}/prod/*": made("prod", CN, "aws-cn", ACCOUNT),
    f"arn:aws:execute-api:*:*:{ID}/prod/GET/orders": made("prod", None),
    f"ARN:aws:apigateway:EU-CENTRAL-1::/restapis/{ID}/stages/prod": made("prod"),
    # The log group of the execution log: its ARN, its name, its page.
    f"arn:aws:logs:{EU}:{ACCOUNT}:log-group:API-Gateway-Execution-Logs_{ID}/prod:*": made(
        "prod", account=ACCOUNT
    ),
    f"API-Gateway-Execution-Logs_{ID}/prod": made("prod", None, None),
    f"/aws/apigateway/{ID}/live": made("live", None, None),
    f"https://{EU}.console.aws.amazon.com/cloudwatch/home?region={EU}#logsV2:log-groups/log-group/"
    f"API-Gateway-Execution-Logs_{ID}$252Fprod/log-events": made("prod"),
    # What other tools call it.
    f"/restapis/{ID}/stages/prod": made("prod", None, None),
    f"apis/{ID}/stages/$default": made("$default", None, None),
    f"ag-{ID}-prod": made("prod", None, None),
    f"https://apigateway.{EU}.amazonaws.com/restapis/{ID}/stages/prod": made("prod"),
    f"https://apigateway.{GOV}.amazonaws.com/v2/apis/{ID}/stages/prod": made("prod", GOV, "aws-us-gov"),
    f"`{ID}/prod`": made("prod", None, None),
    f"\ufeff\u201c{ID}/prod\u201d": made("prod", None, None),
    # The pages that lead to the console.
    f"https://x.awsapps.com/start/#/console?account_id={ACCOUNT}&destination="
    + quote(f"{CONSOLE}/main/apis/{ID}/stages?api={ID}&region={EU}", safe=""): made(None),
    # Today's console.
    f"{CONSOLE}/main/apis/{ID}/stages?api={ID}&region={EU}": made(None),
    f"{CONSOLE}/main/apis/{ID}/stages/prod?api={ID}&region={EU}": made("prod"),
    f"{CONSOLE}/main/apis/{ID}/stages?api={ID}&region={EU}&stage=prod": made("prod"),
    f"{CONSOLE}/main/apis/{ID}/resources?api={ID}&experience=rest&region={EU}": made(None),
    f"{CONSOLE}/main/apis/{ID}/stages?api={ID}": made(None),
    f"{CONSOLE}/main/monitor?api={ID}&region={EU}": made(None),
    f"https://111122223333-abcdefgh.{EU}.console.aws.amazon.com/apigateway/main/apis/{ID}/stages": made(None),
    f"https://console.amazonaws.cn/apigateway/main/apis/{ID}/stages?region={CN}": made(None, CN, "aws-cn"),
    f"https://{GOV}.console.amazonaws-us-gov.com/apigateway/main/apis/{ID}/stages": made(
        None, GOV, "aws-us-gov"
    ),
    # The console before.
    f"{CONSOLE}/home?region={EU}#/apis/{ID}/stages/prod": made("prod"),
    f"{CONSOLE}/home?region={EU}#/apis/{ID}/stages/prod/": made("prod"),
    f"{CONSOLE}/home?region={EU}#/apis/{ID}/resources/xyz123": made(None),
    f"https://console.aws.amazon.com/apigateway/home?region={EU}#/apis/{ID}/stages/prod": made("prod"),
    f"https://console.aws.amazon.com/apigateway/home#/apis/{ID}/stages/prod": made("prod", None),
    f"https://console.aws.amazon.com/apigateway/home?region={EU}#/restapis/{ID}/stages/prod": made("prod"),
    f"eu-central-1.console.aws.amazon.com/apigateway/main/apis/{ID}/stages?region={EU}": made(None),
    # Invoke URLs.
    f"https://{ID}.execute-api.{EU}.amazonaws.com/prod": made("prod"),
    f"https://{ID}.execute-api.{EU}.amazonaws.com/prod/": made("prod"),
    f"https://{ID}.execute-api.{EU}.amazonaws.com:443/prod/orders?x=1#y": made("prod"),
    f"https://{ID}.execute-api.{EU}.amazonaws.com": made(None),
    f"{ID}.execute-api.{EU}.amazonaws.com/prod": made("prod"),
    f"HTTPS://{ID.upper()}.EXECUTE-API.EU-CENTRAL-1.amazonaws.com/prod": made("prod"),
    f"https://{ID}.execute-api.{CN}.amazonaws.com.cn/prod": made("prod", CN, "aws-cn"),
    f"https://{ID}.execute-api.{GOV}.amazonaws.com/prod": made("prod", GOV, "aws-us-gov"),
    f"https://{ID}-vpce-0a1b2c3d.execute-api.{EU}.amazonaws.com/prod/x": made("prod"),
    f"https://{ID}.execute-api.eusc-de-east-1.amazonaws.eu/prod": made("prod", "eusc-de-east-1", "aws-eusc"),
    f"https://{ID}.execute-api.us-iso-east-1.c2s.ic.gov/prod": made("prod", "us-iso-east-1", "aws-iso"),
    f"https://{ID}.execute-api.{EU}.api.aws/prod": made("prod"),
    f"wss://{ID}.execute-api.{EU}.amazonaws.com/prod": made("prod"),
    # By ids alone.
    f"{ID}/prod": made("prod", None, None),
    f"{ID}/prod/": made("prod", None, None),
    ID: made(None, None, None),
    f"{ID}/Käufe%20x": made("Käufe x", None, None),
}
UNREADABLE = {
    "": "does not name a stage",
    "prod": "does not name a stage",
    "production": "does not name a stage",
    "a1b2c3d4e5f": "does not name a stage",
    "a b/c": "does not name a stage",
    "a/b/c": "does not name a stage",
    "arn": "does not name a stage",
    "arn:aws:apigateway": "not a whole ARN",
    "arn:x:apigateway:eu-central-1::/restapis/a/stages/b": "not a whole ARN",
    "arn:aws:s3:::bucket": "ARN of s3, not of API Gateway",
    "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/x": "ARN of logs",
    "arn:aws:execute-api:*:111122223333:/domainnames/api.example.com": "does not name a stage",
    "https://x.awsapps.com/start/#/console?destination=https%3A%2F%2Fexample.com": "custom domain",
    "arn:aws:lambda:eu-central-1:111122223333:function:x": "ARN of lambda",
    "arn:aws:apigateway:::/restapis/a1/stages/b": "without a region",
    "arn:aws:apigateway:eu-central-1::/clientcertificates/abc": "does not name a stage",
    "arn:aws:execute-api:eu-central-1:111122223333:": "does not name a stage",
    "https://": "not a whole URL",
    "https://[::1": "not a whole URL",
    "https://api.example.com/prod": "custom domain",
    "https://a1.execute-api.eu-central-1.amazonaws.com.evil.example/prod": "custom domain",
    "https://eu-central-1.console.aws.amazon.com/lambda/home": "another service's console",
    "https://eu-central-1.console.aws.amazon.com/apigateway/main/apis?region=eu-central-1": "shows no API",
    "a1b2c3d4e5/prod%00": "does not name a stage",
    "a1b2c3d4e5/pr\udcffod": "does not name a stage",
    "a1b2c3d4e5/\x1b[2J": "does not name a stage",
    "x" * 5_000: "does not name a stage",
}


@pytest.mark.parametrize(("text", "meant"), READ.items())
def test_a_reference_says_which_stage_it_names(text: str, meant: StageReference) -> None:
    assert parse_reference(text) == meant


OTHERS = {
    f"arn:aws:apigateway:{EU}::/apis/{ID}": ("api", f"::/apis/{ID}", None),
    f"arn:aws:apigateway:{EU}::apis/{ID}/routes/r1": ("api", f"::/apis/{ID}", None),
    f"arn:aws:apigateway:{EU}::/domainnames/api.example.com": (
        "domain_name",
        "::/domainnames/api.example.com",
        None,
    ),
    f"arn:aws:apigateway:{EU}:{ACCOUNT}:/domainnames/in.example.com+a1": (
        "domain_name",
        f":{ACCOUNT}:/domainnames/in.example.com+a1",
        ACCOUNT,
    ),
    f"arn:aws:apigateway:{EU}::/usageplans/p1": ("usage_plan", "::/usageplans/p1", None),
    f"arn:aws:apigateway:{EU}::/account": ("account_settings", "::/account", None),
}


def test_the_end_of_an_arn_names_an_item_as_tables_show_it() -> None:
    named = parse_reference("domainnames/api.example.com")
    assert named == ItemReference("domain_name", None, (), ending="domainnames/api.example.com")
    assert parse_reference("usageplans/p1").label == "usageplans/p1"


@pytest.mark.parametrize("text", OTHERS)
def test_an_arn_may_name_an_item_of_another_type(text: str) -> None:
    item_type, rest, account = OTHERS[text]
    named = parse_reference(text)
    assert isinstance(named, ItemReference)
    assert (named.item_type, named.region, named.account_id) == (item_type, EU, account)
    assert named.arns[0] == named.label == f"arn:aws:apigateway:{EU}{rest}"
    assert named.arns[-1] == f"arn:aws:apigateway:{EU}::{rest.split(':')[2]}"


@pytest.mark.parametrize(("text", "why"), UNREADABLE.items(), ids=[ascii(text)[:40] for text in UNREADABLE])
def test_what_names_no_stage_is_refused_with_the_forms_that_do(text: str, why: str) -> None:
    with pytest.raises(ReferenceUnreadable) as refused:
        parse_reference(text)
    sentence = str(refused.value)
    assert why in sentence
    assert "APIID/STAGE" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 500
