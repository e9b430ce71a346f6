#include "sqlstate.hpp"

#include "json.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>

namespace smartflow {

namespace {

/// A refusal that SQL raised: its message is JSON (sql/functions/00_request.sql, fail).
Error refusal_of(const std::string &message)
{
    const std::size_t start = message.find('{');
    const std::size_t end = message.find('\n', start);
    const Json said = parse_json(std::string_view(message).substr(start, end - start));
    Details details;
    int retry_after_s = 0;
    for (const auto &[name, reason] : said.find("details")->members) {
        if (name == "retryAfter") {
            retry_after_s = std::atoi(reason.text.c_str());
        } else {
            details.emplace_back(name, reason.text);
        }
    }
    Error error(code_of(said.find("code")->text), said.find("error")->text, std::move(details));
    if (retry_after_s > 0) {
        error.retry_after(retry_after_s);
    }
    return error;
}

} // namespace

Error unavailable(const std::string &cause)
{
    return Error(Code::database_error, "The database is not available. Try again in a moment.")
        .because(cause)
        .retry_after(1);
}

bool ends_with(std::string_view text, std::string_view suffix)
{
    return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool starts_with(const std::string &text, const char *prefix)
{
    return text.compare(0, std::strlen(prefix), prefix) == 0;
}

bool is_reloading(const std::string &state)
{
    constexpr const char *states[] = {"XX000", "42883", "42704", "42P01", "3F000"};
    return std::find(std::begin(states), std::end(states), state) != std::end(states);
}

Error error_of(const std::string &state, const std::string &message)
{
    const std::string cause = state + " " + message;
    if (starts_with(state, "SF") && state != "SF500") {
        return refusal_of(message);
    }
    if (state == "22021" || state == "22P05") {
        return validation_error({{"body", "holds text that can't be stored"}}).because(cause);
    }
    if (state == "23505" || state == "23503" || state == "23514" || state == "22003") {
        return Error(Code::invalid_operation, "This contradicts what is stored.").because(cause);
    }
    if (starts_with(state, "08") || starts_with(state, "53") || starts_with(state, "57") ||
        state == "55P03" || state == "25006" || starts_with(state, "58")) {
        return unavailable(cause);
    }
    return Error(Code::internal_error, "Something went wrong here.").because(cause);
}

} // namespace smartflow
