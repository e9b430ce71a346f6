#include "routing.hpp"

#include "text.hpp"

#include <vector>

namespace smartflow {

namespace {

std::vector<std::string_view> segments(std::string_view path)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) {
            return parts;
        }
        path.remove_prefix(slash + 1);
    }
}

/// Compares decoded segments with a route's path, so that an escaped slash is no slash.
bool fits(std::string_view pattern, const std::vector<std::string> &path,
          std::optional<std::int64_t> &id)
{
    const auto wanted = segments(pattern);
    if (wanted.size() != path.size()) {
        return false;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "{id}") {
            id = positive_integer(path[i]);
            if (!id) {
                return false;
            }
        } else if (wanted[i] != path[i]) {
            return false;
        }
    }
    return true;
}

} // namespace

Match match(const Family &family, std::string_view method, std::string_view raw_path)
{
    std::vector<std::string> path;
    for (const std::string_view segment : segments(raw_path)) {
        auto decoded = percent_decoded(segment, false);
        if (!decoded) {
            throw Error(Code::bad_request, "The path has a broken percent escape.");
        }
        path.push_back(std::move(*decoded));
    }
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
        if (own == method || (own == "GET" && method == "HEAD")) {
            found.route = &route;
        }
    }
    if (!found.allow.empty()) {
        found.allow += ", OPTIONS";
    }
    return found;
}

} // namespace smartflow
