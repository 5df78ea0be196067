"""Work that is shared out: to processes of this machine, or to the workers of a cluster."""
