"""What several test modules share: git, servers, stores, the oracle."""
