#include "wire.hpp"

#include "families.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace smartflow {

namespace {

bool same_name(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::string variable_name(const std::string &header)
{
    std::string name = "HTTP_" + header;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH" ? name.substr(5) : name;
}

} // namespace

const std::string *WireResponse::header(std::string_view name) const
{
    for (const auto &[own, value] : headers) {
        if (same_name(own, name)) {
            return &value;
        }
    }
    return nullptr;
}

const Family &family_of(const WireRequest &request)
{
    const std::string_view path = split_target(request.target).path;
    for (const Family *family : handlers::families) {
        std::string prefix = std::string("/api/") + family->name;
        std::replace(prefix.begin(), prefix.end(), '_', '/');
        const bool below = path.size() > prefix.size() && path[prefix.size()] == '/';
        if (path.substr(0, prefix.size()) == prefix && (path.size() == prefix.size() || below)) {
            return *family;
        }
    }
    if (path == "/healthz") {
        return handlers::auth;
    }
    throw std::runtime_error("no family has the path of " + request.target);
}

std::map<std::string, std::string> cgi_variables(const WireRequest &request)
{
    std::map<std::string, std::string> variables{{"GATEWAY_INTERFACE", "CGI/1.1"},
                                                 {"SERVER_PROTOCOL", "HTTP/1.1"},
                                                 {"REQUEST_METHOD", request.method},
                                                 {"REQUEST_URI", request.target},
                                                 {"REMOTE_ADDR", "127.0.0.1"}};
    if (!request.body.empty()) {
        variables["CONTENT_LENGTH"] = std::to_string(request.body.size());
    }
    for (const auto &[name, value] : request.headers) {
        variables[variable_name(name)] = value;
    }
    return variables;
}

} // namespace smartflow
