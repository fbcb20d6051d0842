#include "daemon/options.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <map>

#include "base/fd.h"
#include "base/version.h"
#include "daemon/config_file.h"
#include "daemon/option_values.h"

namespace fairlead::daemon {
namespace {

std::unexpected<base::Error> wrong(std::string why) {
  return base::fail(base::ErrorKind::invalid, std::move(why));
}

/// The command line as it was typed: values by row of the table, and what belongs to no row.
struct Typed {
  std::map<const OptionRow*, Values> values;
  std::optional<std::string> config_file;
  bool version = false, validate = false, list_faults = false;
  std::string help;
};

base::Result<void> refuse_extras(const std::vector<std::string>& extras) {
  if (extras.empty()) return {};
  const auto flag =
      std::ranges::find_if(extras, [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
  if (flag == extras.end()) return wrong(fmt::format("\"fairleadd\" accepts no arguments: {}", extras.front()));
  if (flag->starts_with("--")) return wrong(fmt::format("unknown flag: {}", flag->substr(0, flag->find('='))));
  return wrong(fmt::format("unknown shorthand flag: '{}' in {}", (*flag)[1], *flag));
}

// Two ways of writing that dockerd takes and CLI11 does not: `--bridge=` (an empty value) and `-D=false`.
std::vector<std::string> respelled(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (const auto& word : arguments) {
    const auto equals = word.find('=');
    if (word.starts_with("--") && equals + 1 == word.size()) {
      words.insert(words.end(), {word.substr(0, equals), ""});
      continue;
    }
    if (word.size() > 2 && word[0] == '-' && word[1] != '-' && word[2] == '=') {
      const auto row = std::ranges::find_if(option_rows(), [&](const OptionRow& r) {
        return std::string_view(r.flags).starts_with(word.substr(0, 2) + ",");
      });
      if (row != option_rows().end()) {
        words.push_back(std::string(long_flag(*row)) + word.substr(2));
        continue;
      }
    }
    words.push_back(word);
  }
  return words;
}

base::Result<Typed> read_command_line(const std::vector<std::string>& arguments) {
  Typed typed;
  CLI::App app("fairleadd: networks and containers for the docker client", "fairleadd");
  app.allow_extras();
  app.set_help_flag("--help", "show this");
  std::map<const OptionRow*, CLI::Option*> made;
  std::vector<Values> several(option_rows().size());
  std::vector<std::string> single(option_rows().size());
  for (std::size_t i = 0; i < option_rows().size(); ++i) {
    const OptionRow& row = option_rows()[i];
    if (*row.flags == '\0') continue;
    if (row.shape == Shape::flag) {
      made[&row] = app.add_flag(row.flags, row.help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else if (row.shape == Shape::text) {
      made[&row] = app.add_option(row.flags, single[i], row.help)->take_last();
    } else {
      made[&row] = app.add_option(row.flags, several[i], row.help)->allow_extra_args(false);
    }
    if (row.apply == nullptr) made[&row]->group("");  // left out of --help
  }
  std::string config_file;
  const auto* config = app.add_option("--config-file", config_file, "the configuration file (JSON)");
  app.add_flag("-v,--version", typed.version, "print the version");
  app.add_flag("--validate", typed.validate, "check the configuration and end");
  app.add_flag("--list-faults", typed.list_faults, "names for the environment's FAIRLEAD_FAULT (crash tests)");
  try {
    auto words = respelled(arguments);
    std::ranges::reverse(words);  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    typed.help = app.help();
    return typed;
  } catch (const CLI::Error& error) {
    return wrong(error.what());
  }
  if (auto known = refuse_extras(app.remaining()); !known) return std::unexpected(known.error());
  if (config->count() > 0) typed.config_file = config_file;
  for (const auto& [row, option] : made) {
    if (option->count() > 0) typed.values[row] = option->results();
  }
  return typed;
}

base::Result<void> refuse_conflicts(const Typed& typed, const std::map<std::string, Values>& file) {
  std::vector<std::string> conflicts;
  for (const auto& row : option_rows()) {
    const auto flag = typed.values.find(&row);
    const auto key = file.find(row.key);
    // Runtimes of both are put together, as dockerd does.
    if (flag == typed.values.end() || key == file.end() || row.shape == Shape::runtimes) continue;
    const bool several = row.shape != Shape::flag && row.shape != Shape::text;
    const auto shown = [&](const Values& values) {
      return several ? fmt::format("[{}]", fmt::join(values, " ")) : values.back();
    };
    conflicts.push_back(
        fmt::format("{}: (from flag: {}, from file: {})", row.key, shown(flag->second), shown(key->second)));
  }
  if (conflicts.empty()) return {};
  return wrong(fmt::format("the following directives are specified both as a flag and in the configuration file: {}",
                           fmt::join(conflicts, ", ")));
}

base::Result<void> apply_flags(Options& options, const Typed& typed) {
  for (const auto& row : option_rows()) {
    const auto given = typed.values.find(&row);
    if (given == typed.values.end()) continue;
    if (row.apply == nullptr) {
      options.warnings.push_back(fmt::format("option {} means nothing here and is ignored", long_flag(row)));
    } else if (auto done = row.apply(options, given->second); !done) {
      return wrong(fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", fmt::join(given->second, " "), row.flags,
                               done.error().text));
    }
  }
  return {};
}

base::Result<void> apply_file(Options& options, const std::map<std::string, Values>& file) {
  for (const auto& row : option_rows()) {
    const auto given = file.find(row.key);
    if (given == file.end()) continue;
    if (row.apply == nullptr) {
      options.warnings.push_back(
          fmt::format("option {} of {} means nothing here and is ignored", row.key, options.config_file));
    } else if (given->second.empty()) {
      continue;  // an empty list says nothing
    } else if (auto done = row.apply(options, given->second); !done) {
      return wrong(fmt::format("{}: {}", row.key, done.error().text));
    }
  }
  return {};
}

base::Result<void> merge_file(Options& options, const Typed& typed) {
  const auto content = options.read_file(options.config_file);
  const auto named = [&](const base::Error& error) {
    return wrong(
        fmt::format("unable to configure the Docker daemon with file {}: {}", options.config_file, error.text));
  };
  if (!content) return named(content.error());
  if (!*content) {
    if (!typed.config_file) return {};  // nobody has to write the default one
    return wrong(fmt::format("unable to configure the Docker daemon with file {}: open {}: no such file or directory",
                             options.config_file, options.config_file));
  }
  const auto file = parse_config(**content);
  if (!file) return named(file.error());
  if (auto clear = refuse_conflicts(typed, *file); !clear) return named(clear.error());
  if (auto done = apply_file(options, *file); !done) return named(done.error());
  return {};
}

}  // namespace

base::Result<std::optional<std::string>> read_config_file(const std::string& path) {
  constexpr std::size_t kMost = 1u << 20;
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return base::fail_errno(errno, "open " + path);
  }
  std::string content;
  char block[8192];
  for (ssize_t got = 0; (got = ::read(file.get(), block, sizeof block)) != 0;) {
    if (got < 0) return base::fail_errno(errno, "read " + path);
    content.append(block, static_cast<std::size_t>(got));
    if (content.size() > kMost) return wrong("the file is larger than 1 MiB");
  }
  return content;
}

base::Result<Options> parse_options(int argc, const char* const* argv, ReadFile read_file) {
  Options options;
  options.read_file = std::move(read_file);
  options.settings.data_root = "/var/lib/fairlead";
  options.settings.exec_root = "/run/fairlead";
  options.settings.version = base::version();
  options.settings.git_commit = base::git_commit();
  if (argc > 1) options.arguments.assign(argv + 1, argv + argc);
  auto typed = read_command_line(options.arguments);
  if (!typed) return std::unexpected(typed.error());
  options.help = typed->help;
  options.version = typed->version;
  options.validate = typed->validate;
  options.list_faults = typed->list_faults;
  if (!options.help.empty() || options.version || options.list_faults) return options;
  if (typed->config_file) options.config_file = *typed->config_file;

  if (auto done = apply_flags(options, *typed); !done) return std::unexpected(done.error());
  if (auto done = merge_file(options, *typed); !done) return std::unexpected(done.error());
  if (auto done = check_together(options); !done) return std::unexpected(done.error());
  if (!options.group && ::getgrnam("docker") != nullptr) options.group = "docker";
  if (options.group && options.group->empty()) options.group.reset();
  if (options.hosts.empty()) options.hosts = {"unix:///run/fairlead/docker.sock"};
  return options;
}

base::Result<engine::Settings> reload(const Options& running) {
  std::vector<const char*> argv{"fairleadd"};
  for (const auto& argument : running.arguments) argv.push_back(argument.c_str());
  auto fresh = parse_options(static_cast<int>(argv.size()), argv.data(), running.read_file);
  if (!fresh) return std::unexpected(fresh.error());
  engine::Settings settings = running.settings;
  settings.debug = fresh->settings.debug;
  settings.labels = fresh->settings.labels;
  settings.address_pools = fresh->settings.address_pools;
  settings.dns = fresh->settings.dns;
  settings.dns_options = fresh->settings.dns_options;
  settings.dns_search = fresh->settings.dns_search;
  settings.runtimes = fresh->settings.runtimes;
  settings.default_runtime = fresh->settings.default_runtime;
  settings.default_init = fresh->settings.default_init;
  return settings;
}

}  // namespace fairlead::daemon
