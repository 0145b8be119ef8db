"""User objects that guard something: secrets, TLS credentials, lists of who may come in.

They are kept and shown. No cipher is run and no certificate is read: what is too wrong for QEMU to find a key or a
file is refused, but a secret that would not decrypt is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors
from qmpd.model import base64_text
from qmpd.model.objects_plain import PlainObject, kept
from qmpd.model.qom import BOOL, STRING, Choice, Property
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

_KEY_BYTES = 32
_IV_BYTES = 16


class SecretCommon(PlainObject):
    """``length``: the bytes of the secret, None where they are in a file that nobody reads (crypto/secret_common.c)."""

    type_name = "secret_common"
    own_properties: ClassVar[tuple[Property, ...]] = (
        kept("iv", STRING),
        kept("keyid", STRING),
        kept("format", Choice("QCryptoSecretFormat", ("raw", "base64"))),
    )
    defaults: ClassVar[dict[str, Any]] = {"format": "raw"}

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.length: int | None = None

    def check(self) -> None:
        encoded = self.values["format"] == "base64"
        length, text = self.load()
        if "keyid" in self.values:
            self._check_key(self.values["keyid"])
            if encoded and text is not None:
                base64_text.decode(text)
            return
        if encoded:
            length = len(base64_text.decode(text)) if text is not None else None
        self.length = length

    def load(self) -> tuple[int | None, str | None]:
        """The length of the secret in bytes, and the secret, each None if that is not known. Raises QEMU's text."""
        raise NotImplementedError

    def _check_key(self, name: str) -> None:
        key = self.machine.objects.child(name) if name else None
        if key is None:
            raise errors.user_objects.secret_not_found(name)
        if not isinstance(key, SecretCommon):
            raise errors.user_objects.not_a_secret(name)
        if key.length not in (None, _KEY_BYTES):
            raise errors.user_objects.secret_key_length()
        if "iv" not in self.values:
            raise errors.user_objects.secret_iv_missing()
        length = len(base64_text.decode(self.values["iv"]))
        if length != _IV_BYTES:
            raise errors.user_objects.secret_iv_length(length)


class Secret(SecretCommon):
    """Text, or a file's (crypto/secret.c)."""

    type_name = "secret"
    own_properties = (kept("file", STRING), kept("data", STRING))

    def load(self) -> tuple[int | None, str | None]:
        if "file" not in self.values:
            if "data" not in self.values:
                raise errors.user_objects.secret_missing()
            data = self.values["data"]
            return len(data.encode("utf-8", "surrogatepass")), data
        if "data" in self.values:
            raise errors.user_objects.secret_given_twice()
        path = self.values["file"]
        try:
            return self.machine.host.files.open(path, writable=False).size, None
        except IsADirectoryError as error:
            raise errors.user_objects.secret_unreadable(
                path, f"Error reading file “{path}”: {error.strerror}"
            ) from None
        except OSError as error:
            raise errors.user_objects.secret_unreadable(
                path, f"Failed to open file “{path}”: {error.strerror}"
            ) from None


class TlsCreds(PlainObject):
    """Credentials in a directory (crypto/tlscreds.c). ``needed`` names the files that each endpoint must have."""

    type_name = "tls-creds"
    own_properties: ClassVar[tuple[Property, ...]] = (
        kept("endpoint", Choice("QCryptoTLSCredsEndpoint", ("client", "server"))),
        kept("dir", STRING),
        kept("verify-peer", BOOL),
        kept("priority", STRING),
    )
    defaults: ClassVar[dict[str, Any]] = {"endpoint": "client", "verify-peer": True}
    needed: ClassVar[dict[str, tuple[str, ...]]] = {"client": (), "server": ()}

    def check(self) -> None:
        for name in self.needed[self.values["endpoint"]]:
            if "dir" not in self.values:
                raise errors.user_objects.credentials_directory_missing()
            path = f"{self.values['dir']}/{name}"
            try:
                self.machine.host.files.open(path, writable=False)
            except (IsADirectoryError, PermissionError):
                pass  # it is there, and that is all that is asked
            except OSError as error:
                raise errors.user_objects.credentials_inaccessible(path, error.strerror or "") from None


def check_credentials(machine: Machine, name: str, *, listens: bool) -> None:
    """Raise QEMU's text unless ``name`` is an object with credentials for this end (crypto/tlscreds.c)."""
    found = machine.objects.child(name)
    if found is None:
        raise errors.user_objects.credentials_not_found(name)
    if not isinstance(found, TlsCreds):
        raise errors.user_objects.not_credentials(name)
    endpoint = "server" if listens else "client"
    if found.values["endpoint"] != endpoint:
        raise errors.user_objects.credentials_of_other_endpoint(endpoint)


class TlsCipherSuites(TlsCreds):
    """Ciphers that a firmware may use (crypto/tls-cipher-suites.c)."""

    type_name = "tls-cipher-suites"

    def check(self) -> None:
        if "priority" not in self.values:
            raise errors.user_objects.priority_missing()


class TlsCredsAnon(TlsCreds):
    """No credentials at all (crypto/tlscredsanon.c)."""

    type_name = "tls-creds-anon"


class TlsCredsPsk(TlsCreds):
    """Keys that both sides know (crypto/tlscredspsk.c)."""

    type_name = "tls-creds-psk"
    own_properties = (kept("username", STRING),)
    needed: ClassVar[dict[str, tuple[str, ...]]] = {"client": ("keys.psk",), "server": ("keys.psk",)}

    def check(self) -> None:
        if self.values["endpoint"] == "server" and "username" in self.values:
            raise errors.user_objects.credentials_username_on_server()
        super().check()


class TlsCredsX509(TlsCreds):
    """Certificates (crypto/tlscredsx509.c)."""

    type_name = "tls-creds-x509"
    own_properties = (kept("sanity-check", BOOL), kept("passwordid", STRING))
    defaults: ClassVar[dict[str, Any]] = {**TlsCreds.defaults, "sanity-check": True}
    needed: ClassVar[dict[str, tuple[str, ...]]] = {
        "client": ("ca-cert.pem",),
        "server": ("ca-cert.pem", "server-cert.pem", "server-key.pem"),
    }


class AuthzSimple(PlainObject):
    """One who may come in (authz/simple.c)."""

    type_name = "authz-simple"
    own_properties = (kept("identity", STRING),)


_POLICY = Choice("QAuthZListPolicy", ("deny", "allow"))
_FORMAT = Choice("QAuthZListFormat", ("exact", "glob"))


def _set_rules(authz: PlainObject, value: object, typed: bool) -> None:
    if not isinstance(value, list):
        raise errors.invalid_parameter_type("rules", "array")
    authz.values["rules"] = [_rule(rule, f"rules[{index}]") for index, rule in enumerate(value)]


def _rule(value: object, path: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise errors.invalid_parameter_type(path, "object")
    rule = {}
    for name, kind, optional in (("match", STRING, False), ("policy", _POLICY, False), ("format", _FORMAT, True)):
        if name in value:
            rule[name] = kind.read(value[name], f"{path}.{name}", True)
        elif not optional:
            raise errors.missing_parameter(f"{path}.{name}")
    for name in value:
        if name not in rule:
            raise errors.unexpected_parameter(f"{path}.{name}")
    return rule


class AuthzList(PlainObject):
    """Who may come in, and who not (authz/list.c)."""

    type_name = "authz-list"
    own_properties = (
        kept("policy", _POLICY),
        Property("rules", "QAuthZListRule", lambda authz: authz.values["rules"], _set_rules),
    )
    defaults: ClassVar[dict[str, Any]] = {"policy": "deny", "rules": []}


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    "secret": Secret,
    "tls-cipher-suites": TlsCipherSuites,
    "tls-creds-anon": TlsCredsAnon,
    "tls-creds-psk": TlsCredsPsk,
    "tls-creds-x509": TlsCredsX509,
    "authz-simple": AuthzSimple,
    "authz-list": AuthzList,
}
