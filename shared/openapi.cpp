#include "openapi.hpp"

#include "json_build.hpp"
#include "openapi_refusals.hpp"
#include "openapi_responses.hpp"
#include "openapi_schemas.hpp"
#include "routing.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace smartflow {

namespace {

/// Adds what `from` has; what both have must be an object in both.
/// \param where names the place in a failure
void merge(Json &into, const Json &from, const std::string &where)
{
    for (const auto &[name, value] : from.members) {
        Json *mine = find_member(into, name);
        if (mine == nullptr) {
            add_member(into, name, value);
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

/// The files that the routes of one method and path take, by their media types.
Json uploads(const std::vector<const Route *> &routes)
{
    Json contents = make_object();
    for (const Route *route : routes) {
        if (find_member(contents, route->upload) == nullptr) {
            const bool json = std::string_view(route->upload) == "application/json";
            const Json type = make_object({{"type", make_text(json ? "object" : "string")}});
            add_member(contents, route->upload, make_object({{"schema", type}}));
        }
    }
    return contents;
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
        add_member(all, "x-actions", answers_by_action(siblings(family, route)));
    }
    if (*route.upload != '\0') {
        add_member(all, "requestBody",
                   make_object({{"required", make_truth(true)},
                                {"content", uploads(siblings(family, route))}}));
    } else if (!route.body.empty()) {
        add_member(all, "requestBody",
                   make_object({{"required", make_truth(true)},
                                {"content",
                                 json_content(component("schemas", body_name(family, route)))}}));
    }
    add_member(all, "responses", responses(family, route));
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
            Json *path = find_member(all, route.path);
            if (path == nullptr) {
                add_member(all, route.path, make_object());
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
            auto &answers = find_member(method.second, "responses")->members;
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
                add_member(schemas, body_name(*family, route),
                           body_schema(route.body, mode_of(route)));
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
    add_member(*find_member(document, "info"), "version", make_text(version));
    Json operations = paths(families);
    complete(operations, *document.find("paths"));
    *find_member(document, "paths") = std::move(operations);
    merge(*find_member(document, "components"), components(families), " components");
    std::string text;
    append_json(text, document);
    return text + "\n";
}

} // namespace smartflow
