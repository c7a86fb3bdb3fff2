"""What providers of the SDK raise when they have no credentials to give, each as one sentence.

What a provider, a process or an endpoint answered is never repeated: it may hold the secrets themselves.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from botocore import exceptions as sdk
from botocore.utils import BadIMDSRequestError

from cmdb.snapshot import Failure, FailureKind
from collectors.errors import ReadFailure, Retry, brief
from collectors.network import unreachable

log = logging.getLogger("collectors")

_OPERATION = "Credentials"
#: Whose credentials failed, and what to do: by the provider's name. ``{profile}`` is the profile in use.
_PROVIDERS = {
    "env": (
        "The AWS credentials in the environment",
        "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN anew",
    ),
    "shared-credentials-file": (
        "The credentials of AWS profile {profile}",
        "correct the shared credentials file, or name another profile with AWS_PROFILE",
    ),
    "config-file": (
        "The credentials of AWS profile {profile}",
        "correct the AWS config file, or name another profile with AWS_PROFILE",
    ),
    "assume-role": (
        "The role of AWS profile {profile}",
        "check its role_arn and source, and try `aws sts get-caller-identity --profile {profile}`",
    ),
    "assume-role-with-web-identity": (
        "The role for the web identity",
        "check AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and the role's trust policy",
    ),
    "sso": ("The SSO session of AWS profile {profile}", "run `aws sso login --profile {profile}`"),
    "login": ("The login session of AWS profile {profile}", "run `aws login --profile {profile}`"),
    "custom-process": (
        "The credential_process of AWS profile {profile}",
        "run that command yourself, and see that it prints the JSON that AWS documents",
    ),
    "container-role": (
        "The credentials of the container's role",
        "check AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, its token, and the agent that answers it",
    ),
    "iam-role": (
        "The credentials of the instance's role",
        "check the instance's metadata service, or set AWS_PROFILE",
    ),
}
#: Providers whose sessions somebody opens.
_OPENED = frozenset({"sso", "login"})
_OTHER = ("The AWS credentials", "check AWS_PROFILE and the AWS configuration files")
#: Errors whose words are botocore's own and name settings, never values that are secret.
_OWN_WORDS = (
    sdk.ProfileNotFound,
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.InvalidConfigError,
    sdk.UnknownCredentialError,
    sdk.InvalidIMDSEndpointError,
    sdk.InvalidIMDSEndpointModeError,
    sdk.MissingDependencyException,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.SSOTokenLoadError,
    sdk.LoginInsufficientPermissions,
    sdk.LoginTokenLoadError,
    sdk.InvalidRegionError,
)
_EXPIRED = (sdk.UnauthorizedSSOTokenError, sdk.TokenRetrievalError, sdk.LoginRefreshRequired)


class ProviderTrouble(sdk.CredentialRetrievalError):
    """What is wrong with a provider, found and worded here in a phrase that is safe to show."""

    fmt = "{phrase}"

    def __init__(self, phrase: str) -> None:
        super().__init__(phrase=phrase)


def explain(error: Exception, method: str | None, profile: str) -> ReadFailure:
    """Return the failure that stands for whatever a provider raised."""
    log.debug("a provider of credentials failed", exc_info=error, extra={"event": "credentials.failed"})
    whose, advice = (text.format(profile=profile) for text in _PROVIDERS.get(method or "", _OTHER))
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError):
        what, permanent = unreachable(error)
        message = f"{whose} cannot be fetched: the request {what}."
        retry = Retry.NEVER if permanent else Retry.TRANSIENT
        return ReadFailure(Failure(FailureKind.UNREACHABLE, _OPERATION, message), retry)
    if method is None and isinstance(error, ValueError):
        message = (
            f"{whose} cannot be looked for: a setting of the SDK is no number; check "
            "AWS_METADATA_SERVICE_TIMEOUT and AWS_METADATA_SERVICE_NUM_ATTEMPTS."
        )
    elif isinstance(error, sdk.ProfileNotFound):
        message = f"AWS profile {profile} is not in the AWS configuration files: correct AWS_PROFILE."
    elif isinstance(error, sdk.NoRegionError):
        message = f"{whose} cannot be fetched without a region: set AWS_REGION."
    elif isinstance(error, sdk.LoginInsufficientPermissions):
        message = f"{whose} cannot be renewed: allow signin:CreateOAuth2Token, then {advice}."
    elif isinstance(error, sdk.MissingDependencyException):
        message = f"{whose} needs the package botocore[crt]: install it, or use another profile."
    else:
        if isinstance(error, sdk.InvalidConfigError) and method in _OPENED:
            # What is written wrong is no better after a login.
            advice = "correct the AWS config file"
        message = f"{whose} {_reason(error, method)}: {advice}."
    return ReadFailure(Failure(FailureKind.CREDENTIALS, _OPERATION, message))


def _reason(error: Exception, method: str | None) -> str:
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot be used ({error.filename} cannot be read: {error.strerror})"
    if isinstance(error, RuntimeError) and "expired" in str(error):
        return "has expired the moment it is fetched (check this machine's clock)"
    if method == "container-role":
        return _container(error)
    if method == "assume-role" and isinstance(error, sdk.CredentialRetrievalError):
        return "cannot be used (its source has no credentials)"
    return f"cannot be used (what it is made of has not the form that AWS documents: {type(error).__name__})"


def _refused(error: sdk.ClientError) -> str:
    details: dict[str, Any] = dict(error.response.get("Error", {}))
    code, words = str(details.get("Code") or ""), brief(str(details.get("Message") or ""))
    said = f"{code}: {words}" if words else code
    late = "expired" in words.lower() or "not yet current" in words.lower() or "Skewed" in code
    clock = "; check this machine's clock" if late else ""
    return f"was refused by {error.operation_name} ({said}{clock})"


def _parameter(error: sdk.ParamValidationError) -> str:
    """Name what is wrong; the SDK's words hold the value as well."""
    wrong = re.search(r"parameter (\w+)", str(error))
    return f"cannot be used (its {wrong.group(1) if wrong else 'settings'} is not what AWS allows)"


def _container(error: Exception) -> str:
    status = re.search(r"non 200 response (\d{3})", str(error))
    if status is not None:
        return f"cannot be had (the endpoint answers HTTP {status.group(1)})"
    if isinstance(error, ValueError) and "Unsupported host" in str(error):
        return "cannot be had (its address is neither HTTPS nor of this machine)"
    if isinstance(error, sdk.CredentialRetrievalError) and "Received error" in str(error):
        return "cannot be had (the endpoint does not answer)"
    return "cannot be had (the endpoint does not answer with credentials)"


_REASONS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (ProviderTrouble, str),
    (_EXPIRED, lambda _: "has expired or was never opened"),
    (
        sdk.PartialCredentialsError,
        lambda error: f"cannot be used ({brief(str(error.kwargs.get('cred_var')))} is missing)",
    ),
    (_OWN_WORDS, lambda error: f"cannot be used ({brief(str(error))})"),
    (sdk.ClientError, _refused),
    (sdk.ParamValidationError, _parameter),
    (
        (sdk.MetadataRetrievalError, BadIMDSRequestError),
        lambda _: "cannot be had (the instance's metadata service refuses)",
    ),
)
