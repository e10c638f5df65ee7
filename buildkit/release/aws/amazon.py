"""One call to AWS by botocore, and in words why it is refused. No other module imports botocore."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from buildkit.core import untrusted
from buildkit.errors import AccessError, BuildkitError, ConfigurationError, UndecidedError

_CONNECT = 10
_READ = 60
_TRIES = 5

_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorizedException", "UnauthorizedOperation"})
_BUSY = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "RequestLimitExceeded",
        "RequestThrottledException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SERVER = 500


class Refusal(Exception):  # noqa: N818 - a fact: who hears it words it
    """AWS does not do what it was asked for.

    Args:
        action: what it was asked for, as its permission is called, `ecs:UpdateService`.
        code: AWS's name for the reason.
        words: the reason, without credentials.
    """

    def __init__(self, action: str, code: str, words: str) -> None:
        super().__init__(f"{action}: {code}: {words}")
        self.action = action
        self.code = code
        self.words = words


class NoCredentials(Refusal):
    """There are no credentials, or they are not accepted any more."""


class Denied(Refusal):
    """The credentials are good, and do not suffice."""


class Busy(Refusal):
    """AWS does not answer, or asks to be left alone for a while."""


class Amazon:
    """AWS, as it answers to the credentials of the environment.

    Args:
        region: the region; that of the environment if empty.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._seen: dict[str, Any] = {}

    def ask(self, service: str, operation: str, /, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Let AWS do one thing, and return its answer.

        Args:
            service: the service, `ecs`.
            operation: the operation by botocore's name, `update_service`.
            given: its arguments.

        Raises:
            Refusal: it refuses, or does not answer; the subclass says which.
            ConfigurationError: botocore or the region is missing.
        """
        client = self._client(service)
        action = f"{service}:{client.meta.method_to_api_mapping[operation]}"
        botocore = _botocore()
        exceptions = botocore.exceptions
        try:
            found: dict[str, Any] = getattr(client, operation)(**given)
        except exceptions.ClientError as error:
            raise self._refused(action, error.response) from None
        except exceptions.ParamValidationError as error:
            raise Refusal(action, "ParamValidation", self._redacted(str(error))) from None
        except (exceptions.HTTPClientError, botocore.parsers.ResponseParserError) as error:
            raise Busy(action, type(error).__name__, self._redacted(str(error))) from None
        except exceptions.BotoCoreError as error:
            raise NoCredentials(action, type(error).__name__, self._redacted(str(error))) from None
        found.pop("ResponseMetadata", None)
        return found

    def raw(self, service: str, operation: str) -> Any:  # noqa: ANN401 - JSON
        """Return the last answer to an operation as it came, with the fields that botocore does not know."""
        return self._seen.get(f"{service}.{self._client(service).meta.method_to_api_mapping[operation]}")

    def shape(self, service: str, operation: str, *, answer: bool) -> Any:  # noqa: ANN401 - botocore has no types
        """Return botocore's model of what an operation is given, or of what it answers."""
        client = self._client(service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        return model.output_shape if answer else model.input_shape

    @property
    def region(self) -> str:
        """The region that is asked."""
        return next((str(each.meta.region_name) for each in self._clients.values()), self._region)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - botocore has no types
        if service not in self._clients:
            if self._session is None:
                self._session = _botocore().session.get_session()
            options = _botocore().config.Config(
                connect_timeout=_CONNECT, read_timeout=_READ, retries={"mode": "standard", "total_max_attempts": _TRIES}
            )
            exceptions = _botocore().exceptions
            try:
                made = self._session.create_client(service, region_name=self._region or None, config=options)
            except exceptions.NoRegionError:
                raise ConfigurationError(
                    "release.aws.region is not set, and neither is AWS_REGION or AWS_DEFAULT_REGION",
                    hint='set it: [tool.buildkit.release.aws] region = "eu-central-1"',
                ) from None
            except (exceptions.BotoCoreError, ValueError) as error:
                raise NoCredentials(service, type(error).__name__, untrusted.shown(error)) from None
            made.meta.events.register(f"before-parse.{service}", self._see)
            self._clients[service] = made
        return self._clients[service]

    def _see(self, operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401
        if response_dict["status_code"] < 300:  # noqa: PLR2004 - what is no success is no answer
            name = f"{operation_model.service_model.endpoint_prefix}.{operation_model.name}"
            with contextlib.suppress(ValueError):
                self._seen[name] = untrusted.json_of(response_dict["body"], untrusted.MOST_JSON)

    def _refused(self, action: str, answer: Mapping[str, Any]) -> Refusal:
        error = answer.get("Error") or {}
        code, status = str(error.get("Code", "")), answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        words = self._redacted(str(error.get("Message") or error.get("message") or "it gives no reason"))
        kind = NoCredentials if code in _CREDENTIALS else Denied if code in _DENIED else Refusal
        if kind is Refusal and (code in _BUSY or status >= _SERVER):
            kind = Busy
        return kind(action, untrusted.shown(code), words)

    def _redacted(self, words: str) -> str:
        """Return a text of AWS without the credentials: it may quote the request that was signed with them."""
        with contextlib.suppress(Exception):
            known = self._session.get_credentials()
            for secret in (known.access_key, known.secret_key, known.token):
                if secret:
                    words = words.replace(secret, "***")
        return untrusted.shown(" ".join(words.split()), 400)


def _botocore() -> Any:  # noqa: ANN401 - botocore has no types
    """Return botocore, loaded.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import botocore.config  # noqa: PLC0415 - where it is used, and nowhere else
        import botocore.exceptions  # noqa: PLC0415
        import botocore.parsers  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'target = "ecs" needs botocore: {untrusted.shown(error)}',
            hint='install it: pip install "invoke-buildkit[aws]"',
        ) from None
    return botocore


@contextlib.contextmanager
def worded() -> Iterator[None]:
    """Turn refusals in the block into errors with exit codes.

    Raises:
        AccessError: there are no credentials, or they do not suffice.
        UndecidedError: AWS does not answer.
        ConfigurationError: it refuses what it was asked for.
    """
    try:
        yield
    except Refusal as refusal:
        raise error_of(refusal) from None


def error_of(refusal: Refusal) -> BuildkitError:
    """Return the error for a refusal."""
    said = [f"{refusal.code}: {refusal.words}"]
    if isinstance(refusal, NoCredentials):
        return AccessError(
            f"AWS does not accept the credentials ({refusal.action})",
            details=said,
            hint="log in again: aws sso login, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;\n"
            "in CI see that the role can be assumed, and for long enough",
        )
    if isinstance(refusal, Denied):
        more = " and iam:PassRole for its roles" if refusal.action.endswith(_PASSING) else ""
        return AccessError(
            f"AWS does not allow {refusal.action}",
            details=said,
            hint=f"let the role that releases have {refusal.action}{more}",
        )
    if isinstance(refusal, Busy):
        return UndecidedError(
            f"AWS does not answer ({refusal.action})",
            details=said,
            hint="run the same command again: what is done is left, and what is under way is waited for",
        )
    return ConfigurationError(f"AWS refuses {refusal.action}", details=said, hint="see [tool.buildkit.release.aws]")


_PASSING = ("RegisterTaskDefinition", "RunTask", "UpdateService")
