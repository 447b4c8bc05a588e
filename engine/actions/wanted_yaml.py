"""Reads the YAML file that `apply` takes: variables filled in from the environment, plain secrets refused."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from engine.base import errors
from engine.partners import catalog

_SECRETS = frozenset({"password", "private_key", "passphrase"})
_ENV = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LINE_CHARACTERS = 120


_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Escapes the line ends that few know: YAML would read them back as blanks."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        node = super().represent_str(data)
        if _LINE_ENDS.search(data):
            node.style = '"'
        return node


_Dumper.add_representer(str, _Dumper.represent_str)


def load(path: Path, environment: dict[str, str]) -> Any:
    """Parse a YAML file and fill in ${NAMES} from the environment; a secret written plainly is refused.

    With two dollars, $${NAME} stands for itself.

    Raises:
        BadInput: Not readable, not YAML, a name without a value, or a plain secret.
    """
    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise errors.BadInput(f"{path} cannot be read: {error.strerror or error}; name another file.") from error
    except UnicodeDecodeError:
        raise errors.BadInput(f"{path} is no text in UTF-8; save it as such and apply again.") from None
    except yaml.YAMLError as error:
        # The parser's own words show the line as it stands, and a secret may stand in it.
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else type(error).__name__
        raise errors.BadInput(f"{path} is not YAML, {place}; correct it and apply again.") from None
    of_partners = {
        field.name for manifest in catalog.catalog().values() for field in manifest.fields if field.kind == "secret"
    }
    return _filled(parsed, environment, _SECRETS | of_partners, "")


def text_of(document: dict[str, Any]) -> str:
    """Return a document as YAML; the same document gives the same bytes."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE_CHARACTERS)


def _filled(value: Any, environment: dict[str, str], secrets: frozenset[str], name: str) -> Any:
    if isinstance(value, dict):
        return {str(key): _filled(item, environment, secrets, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, environment, secrets, name) for item in value]
    if name in secrets and not _is_variable(value):
        raise errors.BadInput(f'{name} is written plainly; write "${{ENV_NAME}}" and set that variable.')
    if isinstance(value, date):
        raise errors.BadInput(f"{name} is a date to YAML; write it in quotes.")
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2] not in environment:
            raise errors.BadInput(f"The environment has no variable {match[2]}, which the file names; set it.")
        return environment[match[2]]

    return _ENV.sub(look_up, value)


def _is_variable(value: Any) -> bool:
    found = _ENV.fullmatch(value) if isinstance(value, str) else None
    return found is not None and not found[1]
