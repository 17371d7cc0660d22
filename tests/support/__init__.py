"""Helpers that several test modules share: git, servers, stores, oracles."""
