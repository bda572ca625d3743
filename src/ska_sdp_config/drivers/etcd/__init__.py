"""etcd, over gRPC or over its JSON gateway."""
