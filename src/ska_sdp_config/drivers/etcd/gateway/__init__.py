"""Transport to etcd over its JSON gateway."""
