"""Guards against version floods: apps whose own output makes each run another version."""
