#ifndef SMARTFLOW_TESTS_PATTERN_HPP
#define SMARTFLOW_TESTS_PATTERN_HPP

#include "json.hpp"

#include <map>
#include <string>
#include <string_view>

namespace smartflow {

/// What `{{name}}` stands for, by name.
using Captures = std::map<std::string, std::string>;

/// Puts captured texts in the place of `{{name}}`.
/// \throws std::runtime_error for a name that nothing was captured under
std::string filled_in(std::string_view text, const Captures &captures);

/// Repeats what a case file says in short: `{{é*200}}` is 200 times `é`.
std::string with_repeats(std::string_view text);

/// Whether a text is what a template says: `*` is any run of bytes, `{{name}}` the captured text,
/// or, the first time, any text that isn't empty, which is then captured.
bool matches_text(std::string_view pattern, std::string_view text, Captures &captures);

/// Holds a JSON value against a pattern, which is JSON itself. An object may have more members than
/// its pattern, an array may not have more elements, unless the last of the pattern is `"..."`.
/// Numbers are compared as they are written, strings by matches_text; `"*"` is any value,
/// `"{{name}}"` captures a number's text too, `"(absent)"` a member that isn't there.
/// \returns what differs and where; empty when nothing does
std::string json_difference(const Json &pattern, const Json &value, Captures &captures,
                            const std::string &path = "");

} // namespace smartflow

#endif
