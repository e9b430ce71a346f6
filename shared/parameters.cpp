#include "parameters.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace smartflow {

namespace {

/// As a field of a composite, or an element of an array.
void append_quoted(std::string &all, std::string_view text)
{
    all += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            all += '\\';
        }
        all += c;
    }
    all += '"';
}

/// Joins the fields of a composite. Texts that are empty stand for null, but for those that may be
/// there and empty.
class Composite
{
public:
    Composite &text(std::string_view text) { return text.empty() ? null() : given(text); }

    Composite &optional(const std::optional<std::string> &text)
    {
        return text ? given(*text) : null();
    }

    /// A bytea, given by its digits.
    Composite &bytes(const std::optional<std::string> &hexadecimal)
    {
        return hexadecimal ? given("\\x" + *hexadecimal) : null();
    }

    Composite &given(std::string_view text)
    {
        append_quoted(null().all_, text);
        return *this;
    }

    std::string done() && { return std::move(all_) + ")"; }

private:
    Composite &null()
    {
        all_ += all_.empty() ? '(' : ',';
        return *this;
    }

    std::string all_;
};

} // namespace

std::string request_parameter(const Arguments &arguments)
{
    Composite row;
    row.bytes(arguments.credential)
        .text(arguments.role)
        .given(arguments.write ? "t" : "f")
        .given(arguments.cross_site ? "t" : "f")
        .text(arguments.request_id)
        .text(arguments.address)
        .text(arguments.user_agent)
        .bytes(arguments.key)
        .bytes(arguments.fingerprint)
        .optional(arguments.if_match)
        .optional(arguments.if_none_match)
        .text(arguments.id ? std::to_string(*arguments.id) : "")
        .text(arguments.time_zone)
        .given(arguments.input);
    return std::move(row).done();
}

std::string requests_parameter(const std::vector<std::string> &requests)
{
    std::string all;
    for (const std::string &request : requests) {
        all += all.empty() ? '{' : ',';
        append_quoted(all, request);
    }
    return all + "}";
}

} // namespace smartflow
