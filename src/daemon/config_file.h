#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "daemon/option_table.h"

namespace fairlead::daemon {

/// daemon.json as option values by key, in the words of the command line: `true`, `1500`, `base=…,size=…`, `name=path`.
/// Refuses what is not an object, unknown keys (`the following directives don't match any configuration option: x`)
/// and values of the wrong shape. An empty file is an empty object.
base::Result<std::map<std::string, Values>> parse_config(std::string_view json);

}  // namespace fairlead::daemon
