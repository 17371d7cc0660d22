"""Recognises file names that are common for secrets. Such files never leave the machine.

Collected from the rules of gitleaks, from the templates of github/gitignore, and from the manuals
of the tools that write the files. All patterns are matched without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase, translate
from functools import cache

# Matched against a file's own name.
_FILES = (
    # Environments
    *(".env*", "*.env", "env.local", ".flaskenv", "dotenv", "*.env.*", "local.settings.json"),
    # Names that contain the word secret or credential
    *("secret", "secrets", "secret.*", "secrets.*", ".secret*", "*.secret", "*.secrets"),
    *(".credential*", "creds", "*.credentials", ".password*", ".passwd*"),
    *("passphrase*", "vault_pass*", ".vault_pass*", ".vault-pass*"),
    *("token", "token.json", "token.txt", "tokens.json", "*.token", "*_token", "*-token"),
    *("*_token.json", "creds.json", "creds.y*ml", "creds.txt", "*[-_]creds.*"),
    *("*_token.txt", "*-token.json", "*-token.txt", ".*-token", ".*_token", "token.pickle"),
    *("api_key*", "apikey*", "api-key*", "*_api_key.*", "*-api-key.*", "*.apikey", ".*_api_key"),
    *("*private_key*", "*private-key*", "*privatekey*", "*privkey*", "access_key*", "accesskey*"),
    *("accesskeys.csv", "*_accesskeys.csv", "rootkey.csv", "new_user_credentials.csv"),
    *("*_secret_key*", "*-secret-key*", "secret_key*", "master.key", "secret-key*", "secretkey*"),
    # Cloud providers
    *("*service[-_]account*.json", "*serviceaccount*.json", "*service[-_]key*.json"),
    *("client[-_]secret*.json", "client_id.json", "application_default_credentials.json"),
    *("adc.json", "gcp[-_]key*.json", "gcloud*.json", "*-key.json", "*_key.json", "keyfile*.json"),
    *("firebase-adminsdk*.json", "*-firebase-adminsdk*.json", "google-services.json"),
    *("googleservice-info.plist", "access_tokens.db", "accesstokens.json", "azureprofile.json"),
    *("*.publishsettings", "*.azureauth", "msal_token_cache*", ".boto", ".s3cfg", ".s3fs"),
    *(".passwd-s3fs", ".oci_api_key*", ".databrickscfg", ".bluemix*", "rclone.conf", "doctl*.yaml"),
    *(".dockercfg", ".dockerconfigjson", "kubeconfig*", "*.kubeconfig", "*-kubeconfig.y*ml"),
    *("*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.*", ".terraformrc", "terraform.rc"),
    *("credentials.tfrc.json", ".vault-token", "pulumi.*.yaml", ".pulumi*", ".chef*", "*.sops.*"),
    # Package managers, forges and command line tools
    *(".netrc", "_netrc", "*.netrc", ".npmrc", ".yarnrc*", ".pypirc", "pip.conf", ".gem"),
    *(".git-credential*", ".gitcredential*", "gh_hosts.yml", ".hub", "nuget.config"),
    *("auth.json", "auth.toml", "settings-security.xml", ".travis.token"),
    *(".pgpass", "pgpass.conf", "pgpass", ".my.cnf", ".mylogin.cnf", ".mongorc.js", ".dbshell"),
    *(".htpasswd*", "htpasswd*", "*.htpasswd", "shadow", "sudoers", ".smbcredentials", "*.smbcred"),
    *(
        ".cifs*",
        ".msmtprc",
        ".muttrc",
        ".fetchmailrc",
        ".mailrc",
        ".remote-sync.json",
        ".ftpconfig",
    ),
    *("sftp-config.json", ".sftp*", "sftp.json", "filezilla.xml", "recentservers.xml"),
    *("sitemanager.xml", "winscp.ini", "deployment-config.json", ".esmtprc", ".wgetrc", ".curlrc"),
    *("wp-config.php", "localsettings.php", "database.yml", "secret_token.rb", "*.mobileprovision"),
    *("proftpdpasswd", "robomongo.json", "ventrilo_srv.ini", ".tugboat", ".gitrobrc"),
    *("kaggle.json", ".wandbrc", ".huggingface*", ".openai*", ".anthropic*"),
    *("mlflow-credentials*", "appsettings.*.json", "sentryclirc"),
    *(".sentryclirc", ".snyk-token", ".ngrok*", "ngrok.yml", ".fastlane*", "jenkins.model.*.xml"),
    *("hudson.util.secret", "credentials.xml", "*.ppk", "*.ovpn", "wg*.conf", "wireguard*.conf"),
    *("wpa_supplicant.conf", "*.nmconnection", "key4.db", "logins.json", "login data*", "cookies*"),
    # Keys and key stores
    *("*.pem", "*.key", "*.key.*", "*.p12", "*.pfx", "*.p8", "*.pkcs12", "*.pkcs8", "*.jks"),
    *("*.jceks", "*.keystore", "*.keychain", "*.keychain-db", "*.kdb", "*.kdbx", "*.kwallet"),
    *("*.agilekeychain", "*.opvault", "*.1pif", "*.psafe3", "*.asc", "*.gpg", "*.pgp", "*.age"),
    *("secring.*", "keys.txt", "*_rsa", "*_dsa", "*_ed25519", "*_ecdsa", "ssh_host_*_key"),
    *("*.der", "*.snk", "*.rsa", "*.enc.key", "*.keytab", "krb5cc*", "*.wallet", "wallet.dat"),
    *("*.seed", "mnemonic*", "*.ejson", "*.tpm", "*.pvk", "*.mkey"),
    # Histories
    *(".*_history", "*_history", ".*history", "*.hist", ".*-history", ".lesshst", ".viminfo"),
    *("consolehost_history.txt",),
)
# Matched against each folder of the path.
_FOLDERS = (
    *(
        ".ssh",
        ".aws",
        ".azure",
        ".gcloud",
        "gcloud",
        ".kube",
        ".docker",
        ".gnupg",
        ".password-store",
    ),
    *(".oci", "secrets", ".secrets", "secret", "credentials", ".credentials"),
    *(".chef", ".vault", "private_keys", "private-keys"),
)
# Matched against the end of the path.
_PATHS = (
    *(".docker/config.json", "docker/config.json", ".kube/config", ".aws/config", "gh/hosts.yml"),
    *(".cargo/config.toml", ".config/hub", ".gem/credentials", ".m2/settings.xml"),
    *("config/master.key", "config/database.yml", "etc/shadow", ".composer/auth.json"),
)
# A name that contains one of these words is withheld unless the file is source code or prose.
_WORDS = ("secret", "credential", "password", "passwd")
_SOURCE = frozenset(
    (
        *("py", "pyi", "pyx", "ipynb", "js", "mjs", "cjs", "jsx", "ts", "tsx", "vue", "svelte"),
        *("go", "rs", "rb", "java", "kt", "kts", "scala", "c", "h", "cc", "cpp", "hpp", "cs"),
        *("php", "swift", "m", "r", "jl", "lua", "pl", "ex", "exs", "erl", "clj", "hs", "sql"),
        *("sh", "bash", "zsh", "fish", "ps1", "bat", "html", "htm", "css", "scss"),
        *("svg", "png", "jpg", "md", "mdx", "rst", "adoc"),
    )
)
# Files without an extension that begin like an SSH key (id_rsa, id_work), their backups and halves.
_SSH_KEY = re.compile(r"id_[^.]*(?:\.(?:pub|bak|old|txt|enc|key|backup))*")


def has_secret_name(path: str, patterns: Iterable[str] = ()) -> bool:
    """Whether a file of the repository may contain secrets, judging by its path alone.

    ``patterns`` are the user's own (setting ``secrets``), in shell syntax. They are matched against
    the whole path and against each of its components.
    """
    folders, _, name = path.lower().rpartition("/")
    return (
        _files().fullmatch(name) is not None
        or _SSH_KEY.fullmatch(name) is not None
        or any(folder in _FOLDERS for folder in folders.split("/"))
        or f"/{path.lower()}".endswith(tuple(f"/{end}" for end in _PATHS))
        or (name.rpartition(".")[2] not in _SOURCE and any(word in name for word in _WORDS))
        or any(_matches(path, pattern) for pattern in patterns)
    )


@cache
def _files() -> re.Pattern[str]:
    return re.compile("|".join(map(translate, _FILES)))


def _matches(path: str, pattern: str) -> bool:
    pattern, path = pattern.lower(), path.lower()
    return fnmatchcase(path, pattern) or any(
        fnmatchcase(component, pattern) for component in path.split("/")
    )
