"""Names of files that people use for secrets are recognised; names of ordinary files are not."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from gitver_hooks.version.secret_names import has_secret_name

# From github/gitignore, the rules of gitleaks and trufflehog, and the tools' manuals.
_SECRET_NAMES = """
.env .env.local .env.production .ENV prod.env app/.env.staging .envrc .flaskenv secrets.yaml
secrets.yml secrets.json secrets.toml secrets.py secrets.env SECRETS.YAML k8s/app-secret.yaml
my-secrets.yml secret.txt .secrets.baseline .streamlit/secrets.toml service-account.json
service_account.json my-project-service-account.json serviceAccountKey.json client_secret.json
client_secret_123.apps.googleusercontent.com.json client-secrets.json
application_default_credentials.json credentials.json credentials gcp-key.json gcloud/x.db
firebase-adminsdk-abc.json google-services.json my-app-firebase-adminsdk.json .aws/credentials
.aws/config rootkey.csv ada_accessKeys.csv .boto .s3cfg .azure/accessTokens.json
azure.publishsettings local.settings.json .databrickscfg .vault-token .oci/config .netrc _netrc
.npmrc .pypirc .git-credentials .gitcredentials .pgpass .my.cnf .yarnrc.yml pip.conf kubeconfig
kubeconfig.yaml prod.kubeconfig .kube/config .docker/config.json .dockercfg terraform.tfvars
prod.auto.tfvars terraform.tfstate terraform.tfstate.backup .terraformrc server.p12 server.pfx
app.jks release.keystore vault.kdbx passwords.kdb key.pem server.key AuthKey_ABC.p8 id_rsa
id_dsa id_ecdsa id_ed25519 id_work id_rsa.pub .ssh/config deploy_rsa ssh_host_rsa_key backup.gpg
private.asc secring.gpg putty.ppk client.ovpn wg0.conf krb5.keytab .bash_history .zsh_history
.python_history .psql_history .mysql_history .node_repl_history .sqlite_history .irb_history
.histfile.hist ConsoleHost_history.txt .htpasswd shadow config/master.key config/database.yml
wp-config.php passwords.txt passwd password.csv db_password.txt api_key.txt openai_api_key.txt
.openai_api_key apikey token.json token.txt github_token.txt .github-token private_key.json
auth.json kaggle.json .sentryclirc ngrok.yml .vault_pass.txt vault_password_file wallet.dat
keys.txt cookies.txt .ftpconfig sftp-config.json
"""
SECRET_NAMES = _SECRET_NAMES.split()

_ORDINARY_NAMES = """
app.py main.go README.md requirements.txt pyproject.toml package.json package-lock.json
Dockerfile docker-compose.yaml config.json config.yaml settings.py environment.yml envs.py
.gitignore tokenizer.json tokenizer_config.json special_tokens_map.json tokens.py
token_counter.py keys.py monkey.py keyboard.js hockey.json authentication.py auth.py identity.py
id_generator.py ids.json secret_manager.py credentials.py password_reset.html docs/passwords.md
history.py history.md test_secrets_scan.py prompts/system.txt data/eval.jsonl Makefile
.pre-commit-config.yaml .gitver.yaml hubs.csv shadows.css .github/workflows/ci.yml
environment.md keras.py pem.py
"""
ORDINARY_NAMES = _ORDINARY_NAMES.split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_common_for_secrets_is_recognised(name: str) -> None:
    assert has_secret_name(name)
    assert has_secret_name(f"deep/er/{name}")
    assert has_secret_name(name.upper())


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_an_ordinary_name_is_not_taken_for_one(name: str) -> None:
    assert not has_secret_name(name)
    assert not has_secret_name(f"src/{name}")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("private", "private/notes.txt", True),
        ("private/*.txt", "private/notes.txt", True),
        ("*.DAT", "data/model.dat", True),
        ("private", "privately.txt", False),
    ],
)
def test_patterns_match_the_path_or_a_component(pattern: str, path: str, matches: bool) -> None:
    assert has_secret_name(path, [pattern]) is matches


@pytest.mark.parametrize("package", ["mlflow", "setuptools", "dulwich"])
def test_few_files_of_an_ordinary_codebase_have_such_a_name(package: str) -> None:
    root = Path(sysconfig.get_path("purelib"), package)
    names = [str(path.relative_to(root)) for path in root.rglob("*") if path.suffix != ".pyc"]
    assert sum(map(has_secret_name, names)) <= len(names) / 200
