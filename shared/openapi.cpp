#include "openapi.hpp"

#include "json_build.hpp"
#include "openapi_refusals.hpp"
#include "openapi_schemas.hpp"
#include "routing.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace smartflow {

namespace {

void add(Json &object, const std::string &name, Json value)
{
    object.members.emplace_back(name, std::move(value));
}

/// The member of that name, to be changed; nullptr when there is none.
Json *find(Json &object, std::string_view name)
{
    for (auto &member : object.members) {
        if (member.first == name) {
            return &member.second;
        }
    }
    return nullptr;
}

/// Adds what `from` has; what both have must be an object in both.
/// \param where names the place in a failure
void merge(Json &into, const Json &from, const std::string &where)
{
    for (const auto &[name, value] : from.members) {
        Json *mine = find(into, name);
        if (mine == nullptr) {
            add(into, name, value);
            continue;
        }
        if (mine->find("$ref") != nullptr && value.find("$ref") == nullptr) {
            *mine = value; // instead of what every operation has
            continue;
        }
        std::string here = where;
        here.append(" ").append(name);
        if (mine->kind != Json::Kind::object || value.kind != Json::Kind::object) {
            throw std::logic_error("OpenAPI: said twice:" + here);
        }
        merge(*mine, value, here);
    }
}

bool is_unsafe(const Route &route)
{
    return std::string_view(route.method) != "GET";
}

bool has_id(std::string_view path)
{
    return path.find("{id}") != std::string_view::npos;
}

/// Whether the answer is one resource with a version of its own.
bool reads_one(std::string_view method, const Route &route)
{
    constexpr std::string_view id = "/{id}";
    const std::string_view path = route.path;
    return method == route.method && path.size() > id.size() &&
           path.substr(path.size() - id.size()) == id;
}

/// Whether what a POST makes can be read by its own path.
bool makes_resource(const Family &family, const Route &route)
{
    const std::string own_path = std::string(route.path) + "/{id}";
    return std::any_of(family.routes.begin(), family.routes.end(), [&](const Route &other) {
        return other.path == own_path && reads_one("GET", other);
    });
}

std::string body_name(const Family &family, const Route &route)
{
    std::string name = operation_id(family, route) + "Body";
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

Mode mode_of(const Route &route)
{
    return std::string_view(route.method) == "PATCH" ? Mode::change : Mode::create;
}

/// Every query parameter of the routes of one method and path, each once.
void add_query(const Family &family, const Route &route, std::vector<Json> &all)
{
    std::vector<std::string_view> named;
    for (const Route *sibling : siblings(family, route)) {
        const QueryRules query(family, *sibling);
        for (const Rule &rule : query.rules()) {
            if (std::find(named.begin(), named.end(), rule.name) == named.end()) {
                named.emplace_back(rule.name);
                all.push_back(query_parameter(rule));
            }
        }
    }
}

Json parameters(const Family &family, const Route &route)
{
    std::vector<Json> all;
    const std::string_view method = route.method;
    if (has_id(route.path)) {
        all.push_back(component("parameters", "Id"));
    }
    add_query(family, route, all);
    if (reads_one("GET", route)) {
        all.push_back(component("parameters", "If-None-Match"));
    }
    if (method == "PATCH" || method == "DELETE") {
        all.push_back(component("parameters", "If-Match"));
    }
    if (takes_idempotency_key(route)) {
        all.push_back(component("parameters", "Idempotency-Key"));
    }
    all.push_back(component("parameters", "X-Request-Id"));
    return make_list(std::move(all));
}

/// Without login, or by cookie or bearer token; the role stands in the list, as OpenAPI has it.
Json security(const Route &route)
{
    if (route.access == Access::nobody) {
        return make_list({});
    }
    std::vector<Json> roles;
    if (route.access == Access::admin) {
        roles.push_back(make_text("admin"));
    }
    return make_list(
        {make_object({{"cookie", make_list(roles)}}), make_object({{"bearer", make_list(roles)}})});
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
        Json *content = find(contents, route->media);
        if (content == nullptr) {
            const Json none = make_object({{"anyOf", make_list({})}});
            add(contents, route->media, make_object({{"schema", none}}));
            content = &contents.members.back().second;
        }
        find(*find(*content, "schema"), "anyOf")->items.push_back(body_of_success(*route));
        if (comes_as_csv(*route)) {
            const Json text = make_object({{"type", make_text("string")}});
            add(contents, "text/csv", make_object({{"schema", text}}));
        }
    }
    return contents;
}

/// What each action answers, which OpenAPI can't tell of the values of a parameter.
Json actions(const std::vector<const Route *> &routes)
{
    Json all = make_object();
    for (const Route *route : routes) {
        Json action = make_object({{"summary", make_text(route->summary)},
                                   {"media", make_text(route->media)},
                                   {"schema", body_of_success(*route)}});
        if (comes_as_csv(*route)) {
            add(action, "orMedia", make_text("text/csv"));
        }
        add(all, route->action, std::move(action));
    }
    return all;
}

/// The files that the routes of one method and path take, by their media types.
Json uploads(const std::vector<const Route *> &routes)
{
    Json contents = make_object();
    for (const Route *route : routes) {
        if (find(contents, route->upload) == nullptr) {
            const bool json = std::string_view(route->upload) == "application/json";
            const Json type = make_object({{"type", make_text(json ? "object" : "string")}});
            add(contents, route->upload, make_object({{"schema", type}}));
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
        add(response, "content", contents_of_success(siblings(family, route)));
    } else if (*route.schema != '\0') {
        add(response, "content", json_content(body_of_success(route)));
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

Json responses(const Family &family, const Route &route)
{
    Json all = make_object({{std::to_string(route.status), success(family, route)}});
    if (reads_one("GET", route)) {
        add(all, "304", component("responses", "NotModified"));
    }
    for (const Refusal &refusal : refusals()) {
        if (may_refuse(route, refusal.status)) {
            add(all, std::to_string(refusal.status), component("responses", refusal.name));
        }
    }
    return all;
}

Json operation(const Family &family, const Route &route)
{
    const bool several = *route.action != '\0';
    Json all =
        make_object({{"operationId", make_text(operation_id(family, route))},
                     {"summary", make_text(several ? "What `action` asks for" : route.summary)},
                     {"tags", make_list({make_text(family.name)})},
                     {"security", security(route)},
                     {"parameters", parameters(family, route)}});
    if (several) {
        add(all, "x-actions", actions(siblings(family, route)));
    }
    if (*route.upload != '\0') {
        add(all, "requestBody",
            make_object(
                {{"required", make_truth(true)}, {"content", uploads(siblings(family, route))}}));
    } else if (!route.body.empty()) {
        add(all, "requestBody",
            make_object(
                {{"required", make_truth(true)},
                 {"content", json_content(component("schemas", body_name(family, route)))}}));
    }
    add(all, "responses", responses(family, route));
    return all;
}

Json paths(Span<const Family *> families)
{
    Json all = make_object();
    for (const Family *family : families) {
        for (const Route &route : family->routes) {
            if (siblings(*family, route).front() != &route) {
                continue; // an action of an operation that is there already
            }
            Json *path = find(all, route.path);
            if (path == nullptr) {
                add(all, route.path, make_object());
                path = &all.members.back().second;
            }
            std::string method = route.method;
            std::transform(method.begin(), method.end(), method.begin(),
                           [](char c) { return static_cast<char>(c - 'A' + 'a'); });
            const Json one = make_object({{method, operation(*family, route)}});
            merge(*path, one, std::string(" ") + route.path);
        }
    }
    return all;
}

/// Adds what the routes can't know of their operations.
void complete(Json &paths, const Json &beside)
{
    for (const auto &[path, methods] : beside.members) {
        const Json *known = paths.find(path);
        for (const auto &member : methods.members) {
            if (known == nullptr || known->find(member.first) == nullptr) {
                throw std::logic_error("OpenAPI: no route: " + member.first + " " + path);
            }
        }
    }
    merge(paths, beside, "");
    for (auto &path : paths.members) {
        for (auto &method : path.second.members) {
            auto &answers = find(method.second, "responses")->members;
            std::sort(answers.begin(), answers.end(),
                      [](const auto &a, const auto &b) { return a.first < b.first; });
        }
    }
}

Json components(Span<const Family *> families)
{
    Json schemas = value_schemas();
    for (const Family *family : families) {
        for (const Route &route : family->routes) {
            if (!route.body.empty()) {
                add(schemas, body_name(*family, route), body_schema(route.body, mode_of(route)));
            }
        }
    }
    return make_object({{"schemas", std::move(schemas)}, {"responses", refusal_responses()}});
}

} // namespace

std::string operation_id(const Family &family, const Route &route)
{
    std::string words = route.function;
    if (*route.action != '\0') { // adminBackupGet
        words = family.name;
        words += std::string_view(route.method) == "GET" ? "_get" : "_post";
    } else if (words.empty()) {
        words = std::string(route.path).substr(1);
    }
    constexpr std::string_view first_step = "_begin";
    if (words.size() > first_step.size() &&
        words.substr(words.size() - first_step.size()) == first_step) {
        words.resize(words.size() - first_step.size());
    }
    std::string id;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool starts_word = i > 0 && words[i - 1] == '_';
        if (words[i] != '_') {
            id += starts_word ? static_cast<char>(words[i] - 'a' + 'A') : words[i];
        }
    }
    return id;
}

std::string openapi_document(Span<const Family *> families, std::string_view base,
                             std::string_view version)
{
    Json document = parse_json(base);
    for (const char *name : {"info", "paths", "components"}) {
        if (document.find(name) == nullptr) {
            throw std::logic_error(std::string("OpenAPI: the base has no ") + name);
        }
    }
    add(*find(document, "info"), "version", make_text(version));
    Json operations = paths(families);
    complete(operations, *document.find("paths"));
    *find(document, "paths") = std::move(operations);
    merge(*find(document, "components"), components(families), " components");
    std::string text;
    append_json(text, document);
    return text + "\n";
}

} // namespace smartflow
