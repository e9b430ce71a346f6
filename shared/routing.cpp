#include "routing.hpp"

#include "text.hpp"

#include <algorithm>
#include <vector>

namespace smartflow {

namespace {

/// Takes the first segment off a path; at its end nothing is left.
std::string_view next_segment(std::optional<std::string_view> &path)
{
    const std::size_t slash = path->find('/');
    const std::string_view segment = path->substr(0, slash);
    if (slash == std::string_view::npos) {
        path.reset();
    } else {
        path->remove_prefix(slash + 1);
    }
    return segment;
}

/// \throws Error (BAD_REQUEST) for a broken percent escape
std::vector<std::string> decoded_segments(std::string_view path)
{
    std::vector<std::string> segments;
    segments.reserve(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1);
    for (std::optional<std::string_view> rest = path; rest;) {
        auto decoded = percent_decoded(next_segment(rest), false);
        if (!decoded) {
            throw Error(Code::bad_request, "The path has a broken percent escape.");
        }
        segments.push_back(std::move(*decoded));
    }
    return segments;
}

/// Compares decoded segments with a route's path, so that an escaped slash is no slash.
bool fits(std::string_view pattern, const std::vector<std::string> &path,
          std::optional<std::int64_t> &id)
{
    std::optional<std::string_view> rest = pattern;
    for (const std::string &segment : path) {
        if (!rest) {
            return false;
        }
        const std::string_view wanted = next_segment(rest);
        if (wanted == "{id}") {
            id = positive_integer(segment);
            if (!id) {
                return false;
            }
        } else if (wanted != segment) {
            return false;
        }
    }
    return !rest;
}

} // namespace

bool names_action(std::string_view query, std::string_view action)
{
    constexpr std::string_view name = "action=";
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view piece = query.substr(0, end);
        if (piece.substr(0, name.size()) == name &&
            percent_decoded(piece.substr(name.size()), true) == action) {
            return true;
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return false;
}

Match match(const Family &family, std::string_view method, const Target &target)
{
    const std::vector<std::string> path = decoded_segments(target.path);
    Match found;
    for (const Route &route : family.routes) {
        std::optional<std::int64_t> id;
        if (!fits(route.path, path, id)) {
            continue;
        }
        const std::string_view own = route.method;
        if (found.allow.find(own) == std::string::npos) {
            found.allow += (found.allow.empty() ? "" : ", ") + std::string(own);
            found.allow += own == "GET" ? ", HEAD" : "";
        }
        found.id = id;
        if ((own == method || (own == "GET" && method == "HEAD")) &&
            (found.route == nullptr || names_action(target.query, route.action))) {
            found.route = &route;
        }
    }
    if (!found.allow.empty()) {
        found.allow += ", OPTIONS";
    }
    return found;
}

std::vector<const Route *> siblings(const Family &family, const Route &route)
{
    std::vector<const Route *> found;
    for (const Route &other : family.routes) {
        if (std::string_view(other.method) == route.method &&
            std::string_view(other.path) == route.path) {
            found.push_back(&other);
        }
    }
    return found;
}

QueryRules::QueryRules(const Family &family, const Route &route)
{
    if (*route.action != '\0') {
        for (const Route *sibling : siblings(family, route)) {
            actions_.push_back(sibling->action);
        }
        Rule action{"action", Type::choice, required, 0, 0, {}, {}, "What is asked for."};
        action.choices = {actions_.data(), actions_.size()};
        rules_.push_back(action);
    }
    rules_.insert(rules_.end(), route.query.begin(), route.query.end());
}

Span<Rule> QueryRules::rules() const noexcept
{
    return {rules_.data(), rules_.size()};
}

} // namespace smartflow
