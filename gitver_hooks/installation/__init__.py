"""Install and uninstall the native hooks, beside those of others."""
