#include "command_line.hpp"

#include "settings.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>

namespace smartflow {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

/// What a command's usage says.
struct Usage {
    std::map<std::string, bool> takes_value; ///< by the option's name, without dashes
    std::size_t least_words = 0;
    std::size_t most_words = 0;
};

Usage read_usage(const std::string &text)
{
    Usage usage;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word.substr(0, 3) == "[--") {
            const bool takes_value = word.back() != ']';
            usage.takes_value[word.substr(3, word.size() - (takes_value ? 3 : 4))] = takes_value;
            if (takes_value) {
                words >> word; // the value's name
            }
            continue;
        }
        ++usage.most_words;
        usage.least_words += word.front() == '[' ? 0 : 1;
    }
    return usage;
}

std::string synopsis(const Command &command)
{
    const std::string usage = command.usage;
    return std::string("smartflow ") + command.name + (usage.empty() ? "" : " " + usage);
}

void print_help(const std::vector<Command> &commands, std::ostream &out)
{
    out << "Usage: smartflow COMMAND\n\nCommands:\n";
    for (const Command &command : commands) {
        out << "  " << synopsis(command) << "\n      " << command.help << "\n";
    }
    out << "  smartflow help\n      Print this.\n"
           "  smartflow --version\n      Print the version.\n\n"
           "Settings come from the environment or smartflow.conf; see `smartflow settings`.\n"
           "Exit code: 0 done, 1 failed, 2 wrong usage or settings.\n";
}

/// The command whose name the arguments begin with; `words` is set to the name's length.
const Command *called(const std::vector<Command> &commands,
                      const std::vector<std::string> &arguments, std::size_t &words)
{
    for (words = std::min<std::size_t>(2, arguments.size()); words > 0; --words) {
        const std::string name = words == 2 ? arguments[0] + " " + arguments[1] : arguments[0];
        for (const Command &command : commands) {
            if (name == command.name) {
                return &command;
            }
        }
    }
    return nullptr;
}

int run_called(const Command &command, const std::vector<std::string> &arguments, std::ostream &out)
{
    if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
        out << "Usage: " << synopsis(command) << "\n" << command.help << "\n";
        return 0;
    }
    return command.run(parse_command_line(command, arguments));
}

} // namespace

std::optional<std::string> CommandLine::option(const std::string &name) const
{
    const auto found = options_.find(name);
    return found == options_.end() ? std::nullopt : std::optional<std::string>(found->second);
}

CommandLine parse_command_line(const Command &command, const std::vector<std::string> &arguments)
{
    const Usage usage = read_usage(command.usage);
    std::vector<std::string> words;
    std::map<std::string, std::string> options;
    bool options_end = false;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string &argument = arguments[at];
        if (options_end || argument.substr(0, 2) != "--") {
            words.push_back(argument);
            continue;
        }
        if (argument == "--") {
            options_end = true;
            continue;
        }
        const auto equals = argument.find('=');
        const bool has_value = equals != std::string::npos;
        const std::string name = argument.substr(2, has_value ? equals - 2 : equals);
        const auto known = usage.takes_value.find(name);
        if (known == usage.takes_value.end()) {
            throw UsageError("--" + name + " is not an option here");
        }
        if (has_value && !known->second) {
            throw UsageError("--" + name + " takes no value");
        }
        if (known->second && !has_value && at + 1 == arguments.size()) {
            throw UsageError("--" + name + " needs a value");
        }
        std::string value = has_value ? argument.substr(equals + 1) : "";
        if (known->second && !has_value) {
            value = arguments[++at];
        }
        if (!options.emplace(name, value).second) {
            throw UsageError("--" + name + " is given twice");
        }
    }
    if (words.size() < usage.least_words || words.size() > usage.most_words) {
        throw UsageError(words.size() < usage.least_words ? "something is missing"
                                                          : "\"" + words.back() + "\" is too much");
    }
    return {std::move(words), std::move(options)};
}

int run_command(const std::vector<Command> &commands, const std::vector<std::string> &arguments,
                const std::string &version, std::ostream &out, std::ostream &err)
{
    if (!arguments.empty() && (arguments[0] == "help" || arguments[0] == "--help")) {
        print_help(commands, out);
        return 0;
    }
    if (arguments.size() == 1 && arguments[0] == "--version") {
        out << version << "\n";
        return 0;
    }
    std::size_t words = 0;
    const Command *command = called(commands, arguments, words);
    if (command == nullptr) {
        err << "smartflow: "
            << (arguments.empty() ? "no command given" : "\"" + arguments[0] + "\" is no command")
            << "; see smartflow help\n";
        return wrong_usage;
    }
    try {
        const std::vector<std::string> rest(arguments.begin() + static_cast<std::ptrdiff_t>(words),
                                            arguments.end());
        return run_called(*command, rest, out);
    } catch (const UsageError &error) {
        err << "smartflow: " << error.what() << "\nUsage: " << synopsis(*command) << "\n";
        return wrong_usage;
    } catch (const SettingsError &error) {
        err << error.what() << "\n";
        return wrong_usage;
    } catch (const std::exception &error) {
        err << "smartflow " << command->name << ": " << error.what() << "\n";
        return failed;
    }
}

} // namespace smartflow
