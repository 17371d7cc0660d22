"""Guards against version floods: apps whose own output makes each run a new version."""
