#ifndef SMARTFLOW_COMMAND_LINE_HPP
#define SMARTFLOW_COMMAND_LINE_HPP

#include <iosfwd>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace smartflow {

/// A command that was called wrongly.
class UsageError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// What stands behind a command's name.
class CommandLine
{
public:
    CommandLine(std::vector<std::string> words, std::map<std::string, std::string> options)
        : words_(std::move(words)), options_(std::move(options))
    {}

    /// The words that are no options, as many as the command's usage names.
    const std::vector<std::string> &words() const noexcept { return words_; }

    /// The value of `--name VALUE` or `--name=VALUE`; nothing when not given.
    std::optional<std::string> option(const std::string &name) const;

    /// Whether the option was given, with a value or without.
    bool has(const std::string &name) const { return options_.count(name) != 0; }

private:
    std::vector<std::string> words_;
    std::map<std::string, std::string> options_;
};

/// A subcommand: a row of the program's table.
struct Command {
    const char *name;  ///< one word, or two: "user create-admin"
    const char *usage; ///< "USERNAME [--password-stdin] [--password-file FILE]": what may follow
    const char *help;  ///< one line
    int (*run)(const CommandLine &line); ///< \returns the exit code
};

/// Reads what follows a command's name by its usage: `[--name]` is a flag, `[--name VALUE]` takes a
/// value, `WORD` is required, `[WORD]` isn't.
/// \throws UsageError
CommandLine parse_command_line(const Command &command, const std::vector<std::string> &arguments);

/// Runs the command that the arguments (without the program's name) call; `help`, `--help` and
/// `--version` are answered here.
/// \param version what `--version` prints
/// \param out     gets help and version
/// \param err     gets messages of failure
/// \returns the exit code: the command's own, 1 when it failed, 2 for wrong usage and settings
int run_command(const std::vector<Command> &commands, const std::vector<std::string> &arguments,
                const std::string &version, std::ostream &out, std::ostream &err);

} // namespace smartflow

#endif
