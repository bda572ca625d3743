"""gRPC transport to etcd."""
