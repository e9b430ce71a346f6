#include "openapi_responses.hpp"

#include "json_build.hpp"
#include "openapi_refusals.hpp"
#include "openapi_schemas.hpp"
#include "routing.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace smartflow {

bool has_id(std::string_view path)
{
    return path.find("{id}") != std::string_view::npos;
}

bool reads_one(std::string_view method, const Route &route)
{
    constexpr std::string_view id = "/{id}";
    const std::string_view path = route.path;
    return method == route.method && path.size() > id.size() &&
           path.substr(path.size() - id.size()) == id;
}

namespace {

bool is_unsafe(const Route &route)
{
    return std::string_view(route.method) != "GET";
}

/// Whether what a POST makes can be read by its own path.
bool makes_resource(const Family &family, const Route &route)
{
    const std::string own_path = std::string(route.path) + "/{id}";
    return std::any_of(family.routes.begin(), family.routes.end(), [&](const Route &other) {
        return other.path == own_path && reads_one("GET", other);
    });
}

const char *success_about(const Route &route)
{
    switch (route.status) {
        case 201: return "It was created.";
        case 204: return "It was done; there is nothing to say.";
        default: return answers_list(route) ? "All of them, or a page of them." : "As it is now.";
    }
}

/// The schema of a success's body. \pre the route has one
Json body_of_success(const Route &route)
{
    if (std::string_view(route.media) != "application/json") {
        return make_object({{"type", make_text("string")}});
    }
    Json schema = component("schemas", route.schema);
    return answers_list(route)
               ? make_object({{"type", make_text("array")}, {"items", std::move(schema)}})
               : schema;
}

/// The bodies of the routes of one method and path by their media types: any of those that have it.
Json contents_of_success(const std::vector<const Route *> &routes)
{
    Json contents = make_object();
    for (const Route *route : routes) {
        Json *content = find_member(contents, route->media);
        if (content == nullptr) {
            const Json none = make_object({{"anyOf", make_list({})}});
            add_member(contents, route->media, make_object({{"schema", none}}));
            content = &contents.members.back().second;
        }
        find_member(*find_member(*content, "schema"), "anyOf")
            ->items.push_back(body_of_success(*route));
        if (comes_as_csv(*route)) {
            const Json text = make_object({{"type", make_text("string")}});
            add_member(contents, "text/csv", make_object({{"schema", text}}));
        }
    }
    return contents;
}

Json success(const Family &family, const Route &route)
{
    std::vector<const char *> names;
    if (route.status == 201) {
        names.push_back("Location");
    }
    if (reads_one("GET", route) || reads_one("PATCH", route) ||
        (route.status == 201 && makes_resource(family, route))) {
        names.push_back("ETag");
    }
    const auto same_path = siblings(family, route);
    if (std::any_of(same_path.begin(), same_path.end(),
                    [](const Route *one) { return answers_list(*one); })) {
        names.insert(names.end(), {"Link", "X-Total-Count"});
    }
    if (takes_idempotency_key(route)) {
        names.push_back("Idempotent-Replayed");
    }
    Json response = make_object(
        {{"description", make_text(success_about(route))}, {"headers", response_headers(names)}});
    if (*route.action != '\0') {
        add_member(response, "content", contents_of_success(siblings(family, route)));
    } else if (*route.schema != '\0') {
        add_member(response, "content", json_content(body_of_success(route)));
    }
    return response;
}

/// Whether the contract lets a route refuse with this status. What only its SQL knows (409, the 401
/// of a login) is said beside the routes.
bool may_refuse(const Route &route, int status)
{
    const std::string_view method = route.method;
    const bool open = route.access == Access::nobody;
    switch (status) {
        case 401: return !open;
        case 403: return !open && (is_unsafe(route) || route.access == Access::admin);
        case 404: return has_id(route.path);
        case 409: return false;
        case 412: return method == "PATCH" || method == "DELETE";
        case 413: return is_unsafe(route);
        case 415: return method == "POST" || method == "PATCH";
        case 422: return takes_idempotency_key(route);
        default: return true;
    }
}

} // namespace

Json answers_by_action(const std::vector<const Route *> &routes)
{
    Json all = make_object();
    for (const Route *route : routes) {
        Json action = make_object({{"summary", make_text(route->summary)},
                                   {"media", make_text(route->media)},
                                   {"schema", body_of_success(*route)}});
        if (comes_as_csv(*route)) {
            add_member(action, "orMedia", make_text("text/csv"));
        }
        add_member(all, route->action, std::move(action));
    }
    return all;
}

Json responses(const Family &family, const Route &route)
{
    Json all = make_object({{std::to_string(route.status), success(family, route)}});
    if (reads_one("GET", route)) {
        add_member(all, "304", component("responses", "NotModified"));
    }
    for (const Refusal &refusal : refusals()) {
        if (may_refuse(route, refusal.status)) {
            add_member(all, std::to_string(refusal.status), component("responses", refusal.name));
        }
    }
    return all;
}

} // namespace smartflow
