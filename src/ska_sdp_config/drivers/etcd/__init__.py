"""etcd stores, over gRPC and over the JSON gateway."""
