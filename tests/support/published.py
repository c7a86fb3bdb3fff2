"""What exports are valid by: the published schema of OCSF, and the service model of Security Hub."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from gateledger.exports.ocsf import SCHEMA_VERSION


@cache
def ocsf_validator() -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=SCHEMA_VERSION))
    return Draft202012Validator(schema.get_class_schema("compliance_finding", profiles=["cloud"]))


def asff_problems(request: dict[str, Any]) -> str:
    model = ServiceModel(Loader().load_service_model("securityhub", "service-2"), "securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    return str(ParamValidator().validate(request, shape).generate_report())
