"""``docker login`` and ``docker logout``."""

from __future__ import annotations

from gitopslab.errors import ImageError
from gitopslab.images.client import Login, Registry
from gitopslab.images.docker.desk import Desk, Refusal, said_by_daemon
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.reference import DOCKER_HUB

LOGIN = Spec(
    "login",
    "[OPTIONS] [SERVER]",
    "Authenticate to a registry",
    most=1,
    flags={"password-stdin": ""},
    values={"username": "u", "password": "p"},
)
LOGOUT = Spec("logout", "[SERVER]", "Log out from a registry", most=1)
_INSECURE = "WARNING! Using --password via the CLI is insecure. Use --password-stdin."


def login(desk: Desk, given: Given) -> None:
    """Check a login with the registry, and keep it."""
    if given.has("password-stdin") and given.last("password"):
        raise Refusal("--password and --password-stdin are mutually exclusive")
    if given.has("password-stdin") and not given.last("username"):
        raise Refusal("Must provide --username with --password-stdin")
    password = given.last("password")
    if password:
        desk.note(_INSECURE)
    if given.has("password-stdin"):
        password = desk.given.read().rstrip("\r\n")
    host = _host(given)
    user = given.last("username")
    if not user or not password:
        what = "user name" if not user else "password"
        raise Refusal(
            "Error: Cannot perform an interactive login from a non TTY device\n"
            f"  Next: the {what} is empty. Is the variable that should hold it set in this job?"
        )
    _check(host, Login(user, password))
    desk.config.keep(host, Login(user, password))
    desk.note(
        f"\nWARNING! Your credentials are stored unencrypted in '{desk.config.path}'.\n"
        "Configure a credential helper to remove this warning. See\n"
        "https://docs.docker.com/go/credential-store/\n"
    )
    desk.say("Login Succeeded")


def _check(host: str, login: Login) -> None:
    registry = Registry(host, lambda _: login)
    try:
        registry.check()
    except ImageError as error:
        if error.code == "UNAUTHORIZED":
            error = ImageError(
                f'Get "{registry.address}/v2/": {error.message}', "Is it the right token for this registry?"
            )
        raise said_by_daemon(error) from error


def logout(desk: Desk, given: Given) -> None:
    """Forget a login."""
    host = _host(given)
    desk.config.forget(host)
    desk.say(f"Removing login credentials for {host}")


def _host(given: Given) -> str:
    """The registry: its address may be typed with a scheme and a path."""
    typed = given.arguments[0] if given.arguments else DOCKER_HUB
    return typed.removeprefix("https://").removeprefix("http://").partition("/")[0]
