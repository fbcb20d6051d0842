#pragma once
/// What each option's values must look like, and where they go. All have the shape `daemon::Apply`; the error says what
/// is wrong with the value, the caller says where it stood.
#include "daemon/option_table.h"

namespace fairlead::daemon {

base::Result<void> set_hosts(Options& options, const Values& values);
base::Result<void> set_data_root(Options& options, const Values& values);
base::Result<void> set_exec_root(Options& options, const Values& values);
base::Result<void> set_pidfile(Options& options, const Values& values);
base::Result<void> set_debug(Options& options, const Values& values);
base::Result<void> set_log_level(Options& options, const Values& values);
base::Result<void> set_ip(Options& options, const Values& values);
base::Result<void> set_bip(Options& options, const Values& values);
base::Result<void> set_fixed_cidr(Options& options, const Values& values);
base::Result<void> set_pools(Options& options, const Values& values);
base::Result<void> set_mtu(Options& options, const Values& values);
base::Result<void> set_dns(Options& options, const Values& values);
base::Result<void> set_dns_options(Options& options, const Values& values);
base::Result<void> set_dns_search(Options& options, const Values& values);
base::Result<void> set_host_gateway(Options& options, const Values& values);
base::Result<void> set_bridge(Options& options, const Values& values);
base::Result<void> set_runtimes(Options& options, const Values& values);
base::Result<void> set_default_runtime(Options& options, const Values& values);
base::Result<void> set_group(Options& options, const Values& values);
base::Result<void> set_live_restore(Options& options, const Values& values);
/// For options that people rely on for safety and that are not built: a start that ignored them would be worse than
/// none.
base::Result<void> refuse_protection(Options& options, const Values& values);
base::Result<void> set_icc(Options& options, const Values& values);
base::Result<void> set_ip_forward(Options& options, const Values& values);
base::Result<void> set_ip_forward_no_drop(Options& options, const Values& values);
base::Result<void> set_ip_masq(Options& options, const Values& values);
base::Result<void> set_iptables(Options& options, const Values& values);
base::Result<void> set_init(Options& options, const Values& values);
base::Result<void> set_init_path(Options& options, const Values& values);
base::Result<void> set_labels(Options& options, const Values& values);
base::Result<void> set_insecure_registries(Options& options, const Values& values);
base::Result<void> set_registry_mirrors(Options& options, const Values& values);

/// Rules between options: what excludes or must lie within what. dockerd's words where it has words.
base::Result<void> check_together(Options& options);

}  // namespace fairlead::daemon
