"""Names of files that people use for secrets, and keys in the formats of many providers."""

from __future__ import annotations

import base64
import random
import string

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

ALPHANUMERIC = string.ascii_letters + string.digits


def token(length: int, alphabet: str = ALPHANUMERIC) -> str:
    """A reproducible random token; none of them is in this file, where scanners would find it."""
    return "".join(random.Random(f"{length}{alphabet}").choices(alphabet, k=length))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
JWT_HEADER, JWT_CLAIMS = encoded('{"alg":"HS256"}'), encoded('{"sub":"1234567890"}')
BEGIN = "-----BEGIN"
# The ten kinds that must be found first, then others.
KEYS = {
    "OpenAI": f"sk-proj-{token(48)}",
    "OpenAI, old": f"sk-{token(20)}T3BlbkFJ{token(20)}",
    "Anthropic": f"sk-ant-api03-{token(93)}-AA",
    "AWS": f"AKIA{token(16, UPPER)}",
    "AWS, secret": f'aws_secret_access_key = "{token(40)}"',
    "AWS, unquoted secret": f"AWS_SECRET_ACCESS_KEY={token(40)}",
    "GCP": f"AIza{token(35)}",
    "GCP, service account": f'"private_key_id": "{token(40, HEX)}"',
    "GCP, OAuth": f"GOCSPX-{token(28)}",
    "Azure": f"AccountName=x;AccountKey={token(86)}==",
    "Azure, storage key": f"{token(86)}==",
    "Azure, OpenAI": f'AZURE_OPENAI_API_KEY = "{token(32, HEX)}"',
    "Azure, client": f"{token(3)}8Q~{token(34)}",
    "GitHub": f"ghp_{token(36)}",
    "GitHub, fine-grained": f"github_pat_{token(22)}_{token(59)}",
    "Slack": f"xoxb-{token(12, '0123456789')}-{token(12, '0123456789')}-{token(24)}",
    "Slack, webhook": f"https://hooks.slack.com/services/T{token(8, UPPER)}/B012AB/{token(24)}",
    "Stripe": f"sk_live_{token(24)}",
    "Stripe, test": f"rk_test_{token(40)}",
    "JWT": f"{JWT_HEADER}.{JWT_CLAIMS}.{token(43)}",
    "PEM": f"{BEGIN} RSA PRIVATE KEY-----",
    "PEM, encrypted": f"{BEGIN} ENCRYPTED PRIVATE KEY-----",
    "PEM, its middle": f"{token(64)}\n{token(64)}\n",
    "Hugging Face": f"hf_{token(34)}",
    "Databricks": f"dapi{token(32, HEX)}",
    "GitLab": f"glpat-{token(20)}",
    "Groq": f"gsk_{token(52)}",
    "LangSmith": f"lsv2_pt_{token(32, HEX)}_{token(10, HEX)}",
    "Vault": f"hvs.{token(24)}",
    "npm": f"npm_{token(36)}",
    "password in a URL": f"postgresql://ada:{token(12)}@db/shop",
    "assigned password": 'db_password = "correct-horse-9"',
    "assigned token": f'"session_token": "{token(40)}"',
}
