"""What the end-to-end tests, the crash tests and the benchmarks stand on: hosts, daemons, clients, the kernel's own word."""
