"""Installs and uninstalls the native hooks, beside those of others."""
