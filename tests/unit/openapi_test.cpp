// What the document says of the routes, and what handlers/openapi.json says beside them.

#include "families.hpp"
#include "openapi.hpp"
#include "openapi_schemas.hpp"
#include "pages.hpp"
#include "routing.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <stdexcept>
#include <string>

namespace {

using namespace smartflow;
using Names = std::set<std::string>;
using Kind = Json::Kind;

const Json &document()
{
    static const Json whole =
        parse_json(openapi_document(handlers::families, openapi_base(), "1.2.3"));
    return whole;
}

/// What a path of names leads to; fails the test when it leads nowhere.
const Json &at(const Json &from, const std::vector<std::string> &names)
{
    const Json *value = &from;
    for (const std::string &name : names) {
        value = value->find(name);
        BOOST_REQUIRE_MESSAGE(value != nullptr, "there is no " << name);
    }
    return *value;
}

std::string lower(std::string text)
{
    for (char &c : text) {
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return text;
}

const Json &operation_of(const Route &route)
{
    return at(document(), {"paths", route.path, lower(route.method)});
}

void for_each_route(const std::function<void(const Family &, const Route &)> &look)
{
    for (const Family *family : handlers::families) {
        for (const Route &route : family->routes) {
            BOOST_TEST_CONTEXT(route.method << " " << route.path)
            {
                look(*family, route);
            }
        }
    }
}

Names keys(const Json &object)
{
    Names names;
    for (const auto &member : object.members) {
        names.insert(member.first);
    }
    return names;
}

Names texts(const Json &list)
{
    Names names;
    for (const Json &item : list.items) {
        names.insert(item.text);
    }
    return names;
}

/// The names of an operation's parameters, or the last part of a reference to them.
Names parameters_of(const Route &route)
{
    Names names;
    for (const Json &parameter : at(operation_of(route), {"parameters"}).items) {
        const Json *reference = parameter.find("$ref");
        names.insert(reference != nullptr ? reference->text.substr(reference->text.rfind('/') + 1)
                                          : at(parameter, {"name"}).text);
    }
    return names;
}

Names statuses_of(const char *path, const char *method)
{
    return keys(at(document(), {"paths", path, method, "responses"}));
}

void collect_references(const Json &value, Names &found)
{
    if (const Json *reference = value.find("$ref")) {
        found.insert(reference->text);
    }
    for (const auto &member : value.members) {
        collect_references(member.second, found);
    }
    for (const Json &item : value.items) {
        collect_references(item, found);
    }
}

std::string document_text(const std::string &base)
{
    return openapi_document(handlers::families, base, "1");
}

} // namespace

BOOST_AUTO_TEST_SUITE(openapi)

BOOST_AUTO_TEST_CASE(has_every_route_once_and_nothing_else)
{
    std::multiset<std::string> wanted;
    for_each_route([&](const Family &family, const Route &route) {
        if (siblings(family, route).front() == &route) { // several actions are one operation
            wanted.insert(lower(route.method) + " " + route.path);
        }
    });
    std::multiset<std::string> found;
    for (const auto &[path, methods] : at(document(), {"paths"}).members) {
        for (const auto &method : methods.members) {
            found.insert(method.first + " " + path);
        }
    }
    BOOST_TEST((found == wanted));
    BOOST_TEST(found.size() > 20U);
}

BOOST_AUTO_TEST_CASE(names_every_operation_differently)
{
    Names names;
    for_each_route([&](const Family &family, const Route &route) {
        BOOST_TEST(at(operation_of(route), {"operationId"}).text == operation_id(family, route));
        BOOST_TEST(names.insert(operation_id(family, route) + route.action).second);
    });
    BOOST_TEST(names.count("productsMovementsList") == 1U);
    BOOST_TEST(names.count("authLogin") == 1U);
    BOOST_TEST(names.count("healthz") == 1U);
}

BOOST_AUTO_TEST_CASE(describes_every_operation_in_words)
{
    for_each_route([](const Family &family, const Route &route) {
        const Json &operation = operation_of(route);
        const Json &described =
            *route.action == '\0' ? operation : at(operation, {"x-actions", route.action});
        BOOST_TEST(at(described, {"summary"}).text == route.summary);
        BOOST_TEST(!std::string(route.summary).empty());
        BOOST_TEST((texts(at(operation_of(route), {"tags"})) == Names{family.name}));
    });
}

BOOST_AUTO_TEST_CASE(names_every_action_of_a_path_and_what_it_answers)
{
    for_each_route([](const Family &family, const Route &route) {
        if (*route.action == '\0') {
            BOOST_TEST((operation_of(route).find("x-actions") == nullptr));
            return;
        }
        Names wanted;
        for (const Route *sibling : siblings(family, route)) {
            wanted.insert(sibling->action);
        }
        BOOST_TEST((keys(at(operation_of(route), {"x-actions"})) == wanted));
        const Json &action = at(operation_of(route), {"parameters"}).items[0];
        BOOST_TEST(at(action, {"name"}).text == "action");
        BOOST_TEST((texts(at(action, {"schema", "enum"})) == wanted));
    });
}

BOOST_AUTO_TEST_CASE(has_a_tag_for_every_family_and_no_other)
{
    Names families;
    for (const Family *family : handlers::families) {
        families.insert(family->name);
    }
    Names tags;
    for (const Json &tag : at(document(), {"tags"}).items) {
        tags.insert(at(tag, {"name"}).text);
    }
    BOOST_TEST((tags == families));
}

BOOST_AUTO_TEST_CASE(declares_the_id_exactly_where_the_path_has_one)
{
    for_each_route([](const Family &, const Route &route) {
        const bool has_id = std::string(route.path).find("{id}") != std::string::npos;
        BOOST_TEST((parameters_of(route).count("Id") == 1) == has_id);
    });
}

BOOST_AUTO_TEST_CASE(declares_every_parameter_of_the_query_rules)
{
    for_each_route([](const Family &family, const Route &route) {
        const Names names = parameters_of(route);
        for (const Rule &rule : route.query) {
            BOOST_TEST(names.count(rule.name) == 1U);
        }
        const auto routes = siblings(family, route);
        const bool lists = std::any_of(routes.begin(), routes.end(), [](const Route *one) {
            return one->query.size >= std::size(paging_rules) && answers_list(*one);
        });
        for (const char *paging : {"limit", "cursor", "count"}) {
            BOOST_TEST((names.count(paging) == 1) == lists);
        }
    });
}

BOOST_AUTO_TEST_CASE(declares_the_conditional_headers_where_they_count)
{
    for_each_route([](const Family &, const Route &route) {
        const std::string method = route.method;
        const std::string path = route.path;
        const bool one = path.size() > 5 && path.substr(path.size() - 5) == "/{id}";
        const Names names = parameters_of(route);
        BOOST_TEST((names.count("If-None-Match") == 1) == (one && method == "GET"));
        BOOST_TEST((names.count("If-Match") == 1) == (method == "PATCH" || method == "DELETE"));
        BOOST_TEST((names.count("Idempotency-Key") == 1) == takes_idempotency_key(route));
        BOOST_TEST(names.count("X-Request-Id") == 1U);
    });
}

BOOST_AUTO_TEST_CASE(asks_for_a_login_exactly_where_the_route_does)
{
    for_each_route([](const Family &, const Route &route) {
        const Json &security = at(operation_of(route), {"security"});
        BOOST_TEST(security.items.empty() == (route.access == Access::nobody));
        for (const Json &scheme : security.items) {
            const bool for_admins = texts(scheme.members[0].second) == Names{"admin"};
            BOOST_TEST(for_admins == (route.access == Access::admin));
        }
    });
}

BOOST_AUTO_TEST_CASE(every_reference_leads_somewhere)
{
    Names references;
    collect_references(document(), references);
    BOOST_TEST(references.size() > 30U);
    for (const std::string &reference : references) {
        BOOST_TEST_CONTEXT(reference)
        {
            const std::size_t slash = reference.rfind('/');
            const std::string start = "#/components/";
            BOOST_REQUIRE(reference.rfind(start, 0) == 0);
            at(document(), {"components", reference.substr(start.size(), slash - start.size()),
                            reference.substr(slash + 1)});
        }
    }
}

BOOST_AUTO_TEST_CASE(declares_the_refusals_that_apply)
{
    BOOST_TEST((statuses_of("/api/orders", "post") == Names{"201", "400", "401", "403", "408",
                                                            "409", "413", "414", "415", "422",
                                                            "429", "431", "500", "503"}));
    BOOST_TEST(
        (statuses_of("/api/orders/{id}", "get") ==
         Names{"200", "304", "400", "401", "404", "408", "414", "429", "431", "500", "503"}));
    BOOST_TEST((statuses_of("/api/users/{id}", "delete") == Names{"204", "400", "401", "403", "404",
                                                                  "408", "409", "412", "413", "414",
                                                                  "429", "431", "500", "503"}));
    BOOST_TEST((statuses_of("/healthz", "get") ==
                Names{"200", "400", "408", "414", "429", "431", "500", "503"}));
    BOOST_TEST(statuses_of("/api/auth/login", "post").count("401") == 1U);
    BOOST_TEST(statuses_of("/api/auth/login", "post").count("403") == 0U);
}

BOOST_AUTO_TEST_CASE(knows_every_error_code_and_its_status)
{
    Names codes;
    Names in_refusals;
    const Json &responses = at(document(), {"components", "responses"});
    for (int i = 0; i <= static_cast<int>(Code::bad_request); ++i) {
        codes.emplace(code_name(static_cast<Code>(i)));
    }
    for (const auto &response : responses.members) {
        if (const Json *content = response.second.find("content")) {
            const Json &parts = at(*content, {"application/json", "schema", "allOf"});
            const Names some = texts(at(parts.items.at(1), {"properties", "code", "enum"}));
            BOOST_TEST(!some.empty());
            in_refusals.insert(some.begin(), some.end());
        }
    }
    const Json &error = at(document(), {"components", "schemas", "Error", "properties", "code"});
    BOOST_TEST((texts(at(error, {"enum"})) == codes));
    // An operation that is in the document is one that its path takes.
    codes.erase("METHOD_NOT_ALLOWED");
    BOOST_TEST((in_refusals == codes));
}

BOOST_AUTO_TEST_CASE(every_example_passes_the_checks_that_requests_pass)
{
    for_each_route([](const Family &, const Route &route) {
        if (route.body.empty()) {
            return;
        }
        const Json &example =
            at(operation_of(route), {"requestBody", "content", "application/json", "example"});
        const Mode mode = std::string(route.method) == "PATCH" ? Mode::change : Mode::create;
        Details wrong;
        checked_body(example, route.body, mode, wrong);
        BOOST_TEST(wrong.empty(), (wrong.empty() ? "" : wrong[0].first + wrong[0].second));
    });
}

BOOST_AUTO_TEST_CASE(has_the_version_of_the_program)
{
    BOOST_TEST(at(document(), {"info", "version"}).text == "1.2.3");
    BOOST_TEST(at(document(), {"openapi"}).text == "3.1.0");
}

BOOST_AUTO_TEST_CASE(refuses_a_description_of_what_no_route_answers)
{
    const std::string start = R"({"info": {}, "components": {}, "paths": )";
    BOOST_CHECK_NO_THROW(document_text(start + R"({"/healthz": {"get": {}}}})"));
    BOOST_CHECK_THROW(document_text(start + R"({"/healthz": {"put": {}}}})"), std::logic_error);
    BOOST_CHECK_THROW(document_text(start + R"({"/nowhere": {"get": {}}}})"), std::logic_error);
}

BOOST_AUTO_TEST_CASE(refuses_a_description_that_contradicts_a_route)
{
    BOOST_CHECK_THROW(document_text(R"({"info": {}, "components": {},
                                        "paths": {"/healthz": {"get": {"summary": "No"}}}})"),
                      std::logic_error);
    BOOST_CHECK_THROW(document_text(R"({"info": {}, "paths": {},
                                        "components": {"schemas": {"Id": {"type": "string"}}}})"),
                      std::logic_error);
    BOOST_CHECK_THROW(document_text(R"({"info": {}, "paths": {}})"), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
