"""The API keeps what its OpenAPI document says, whatever is sent to it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from programs import Installation

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


@pytest.fixture(scope="module")
def served():
    with tempfile.TemporaryDirectory(prefix="tidewire-api-") as folder:
        Path(folder).chmod(0o755)
        installation = Installation(Path(folder))
        with installation.running("web"):
            installation.wait_for_pages()
            yield installation


@pytest.fixture(scope="module")
def keys(served):
    """The bearer keys of an issuer and of an editor."""
    issuer = served.command("issuer", "add", "sample", "--name", "Sample AG")
    editor = served.command("editor", "add", "Erika Entwurf")
    assert issuer.returncode == editor.returncode == 0, issuer.stderr + editor.stderr
    return {"issuer": issuer.stdout.strip(), "editor": editor.stdout.strip()}


def test_the_document_is_valid_openapi_3_1(served):
    with urlopen(f"{served.base_url}/openapi.json") as answer:
        document = json.load(answer)
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize("role", ["issuer", "editor"])
def test_no_request_makes_the_server_fail(served, keys, role, tmp_path):
    program = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            program, "run", f"{served.base_url}/openapi.json",
            "--header", f"Authorization: Bearer {keys[role]}",
            "--checks", CHECKS, "--max-examples", "12", "--phases", "examples,coverage,fuzzing",
            "--no-color", "--seed", "7", "--request-timeout", "20",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
