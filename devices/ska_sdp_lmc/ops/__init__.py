"""Tools for operators: registration of devices, security of etcd."""
