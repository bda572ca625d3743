"""Security of etcd: certificates for TLS, and a user for each component of the SDP."""
