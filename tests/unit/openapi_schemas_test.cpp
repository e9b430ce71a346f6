// Rules as JSON Schema, and the hand-written schemas of answers held against the rules.

#include "families.hpp"
#include "json_build.hpp"
#include "openapi.hpp"
#include "openapi_schemas.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

namespace {

using namespace smartflow;

std::string text_of(const Json &value)
{
    std::string text;
    append_json(text, value);
    return text;
}

/// The schema of one rule as a body's field.
std::string schema(const Rule &rule)
{
    return text_of(field_schema(rule));
}

/// A schema without its wrappings: references followed, `null` taken out.
struct Bare {
    Json schema;
    bool null = false;
};

const Json &components()
{
    static const Json whole = parse_json(openapi_document(handlers::families, openapi_base(), "1"));
    return *whole.find("components")->find("schemas");
}

const Json &component_schema(const std::string &name)
{
    const Json *found = components().find(name);
    BOOST_REQUIRE_MESSAGE(found != nullptr, "there is no schema " << name);
    return *found;
}

Bare bare(const Json &given)
{
    if (const Json *reference = given.find("$ref")) {
        return bare(component_schema(reference->text.substr(reference->text.rfind('/') + 1)));
    }
    const Json *either = given.find("anyOf");
    if (either != nullptr && either->items.size() == 2 &&
        text_of(either->items[1]) == R"({"type":"null"})") {
        return {bare(either->items[0]).schema, true};
    }
    Bare result{make_object(), false};
    for (const auto &[name, value] : given.members) {
        if (name == "type" && value.kind == Json::Kind::array && value.items.size() == 2 &&
            value.items[1].text == "null") {
            result.schema.members.emplace_back(name, value.items[0]);
            result.null = true;
        } else {
            result.schema.members.emplace_back(name, value);
        }
    }
    return result;
}

/// Keywords that bound a value; the rest of a schema is words.
const char *const bounding[] = {
    "type",      "format",   "minimum",  "maximum", "exclusiveMinimum", "minLength",
    "maxLength", "minItems", "maxItems", "enum",    "x-decimal-places"};

std::string keyword(const Json &of, const char *name)
{
    const Json *value = of.find(name);
    return value == nullptr ? "" : text_of(*value);
}

/// What an answer's schema says otherwise than the rules of the requests; empty when they agree.
using Differences = std::vector<std::string>;

void compare_fields(Span<Rule> rules, const Json &answer, Differences &found);

void compare_field(const Rule &rule, const Json &given, Differences &found)
{
    const Bare answer = bare(given);
    const Bare request = bare(field_schema(rule));
    const bool computed = (rule.flags & read_only) != 0;
    for (const char *name : bounding) {
        const std::string mine = keyword(request.schema, name);
        const std::string theirs = keyword(answer.schema, name);
        // An empty optional text is taken, but never comes back; what is computed has no bounds.
        const bool may_lack = computed || std::string(name) == "minLength";
        if (mine != theirs && !(mine.empty() && may_lack)) {
            std::string difference = rule.name;
            difference.append(": ").append(name).append(" ").append(mine);
            found.push_back(difference.append(" and ").append(theirs));
        }
    }
    if (!computed && answer.null != request.null) {
        found.push_back(std::string(rule.name) + ": null");
    }
    if (rule.type == Type::list) {
        compare_fields(rule.fields, bare(*answer.schema.find("items")).schema, found);
    }
}

void compare_fields(Span<Rule> rules, const Json &answer, Differences &found)
{
    std::set<std::string> names;
    const Json &properties = *answer.find("properties");
    for (const Rule &rule : rules) {
        names.insert(rule.name);
        const Json *property = properties.find(rule.name);
        if (rule.type == Type::secret) { // goes in, never comes out
            if (property != nullptr) {
                found.push_back(std::string(rule.name) + ": is a secret");
            }
        } else if (property == nullptr) {
            found.push_back(std::string(rule.name) + ": isn't in the answer");
        } else if (rule.type != Type::any) { // which SQL bounds
            compare_field(rule, *property, found);
        }
    }
    for (const auto &property : properties.members) {
        if (names.count(property.first) == 0) {
            found.push_back(property.first + ": isn't in the rules");
        }
    }
}

/// The schema of what a resource's own path reads, for the route that makes or changes it; empty
/// for a body that is no resource.
std::string resource_of(const Family &family, const Route &route)
{
    const std::string method = route.method;
    const std::string own = std::string(route.path) + (method == "POST" ? "/{id}" : "");
    for (const Route &other : family.routes) {
        if (other.path == own && std::string(other.method) == "GET") {
            return other.schema;
        }
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(openapi_schemas)

BOOST_AUTO_TEST_CASE(a_required_text_has_bounds_and_is_never_null)
{
    BOOST_TEST(schema({"name", Type::text, required, 1, 200}) ==
               R"({"type":"string","minLength":1,"maxLength":200})");
    BOOST_TEST(schema({"word", Type::secret, required, 12, 1024}) ==
               R"({"type":"string","format":"password","writeOnly":true,"minLength":12,)"
               R"("maxLength":1024})");
}

BOOST_AUTO_TEST_CASE(an_optional_text_may_be_empty_or_null)
{
    BOOST_TEST(schema({"sku", Type::text, optional, 1, 100}) ==
               R"({"type":["string","null"],"maxLength":100})");
    BOOST_TEST(schema({"email", Type::email, optional, 1, 320}) ==
               R"({"type":["string","null"],"format":"idn-email","maxLength":320})");
}

BOOST_AUTO_TEST_CASE(a_choice_lists_its_values)
{
    static constexpr const char *sizes[] = {"S", "L"};
    BOOST_TEST(schema({"size", Type::choice, required, 0, 0, sizes}) ==
               R"({"type":"string","enum":["S","L"]})");
    BOOST_TEST(schema({"size", Type::choice, optional, 0, 0, sizes}) ==
               R"({"type":["string","null"],"enum":["S","L",null]})");
}

BOOST_AUTO_TEST_CASE(a_decimal_has_the_bounds_of_the_checks)
{
    BOOST_TEST(schema({"price", Type::money, required}) ==
               R"({"$ref":"#/components/schemas/Money"})");
    BOOST_TEST(schema({"price", Type::money}) ==
               R"({"anyOf":[{"$ref":"#/components/schemas/Money"},{"type":"null"}]})");
    const Json values = value_schemas();
    BOOST_TEST(keyword(*values.find("Money"), "minimum") == "0");
    BOOST_TEST(keyword(*values.find("Money"), "maximum") == "9999999999.99");
    BOOST_TEST(keyword(*values.find("Quantity"), "maximum") == "9999999999.999");
    BOOST_TEST(keyword(*values.find("PositiveQuantity"), "exclusiveMinimum") == "0");
    BOOST_TEST(keyword(*values.find("Delta"), "minimum") == "-9999999999.999");
    BOOST_TEST(keyword(*values.find("Delta"), "not") == R"({"const":0})");
    BOOST_TEST(keyword(*values.find("Id"), "minimum") == "1");
}

BOOST_AUTO_TEST_CASE(a_whole_number_has_the_bounds_of_its_rule)
{
    BOOST_TEST(schema({"n", Type::integer, required, 1, 1000}) ==
               R"({"type":"integer","format":"int64","minimum":1,"maximum":1000})");
    BOOST_TEST(schema({"n", Type::integer, required, 5, 0}) ==
               R"({"type":"integer","format":"int64","minimum":5})");
    BOOST_TEST(schema({"n", Type::integer, required, -5, 0}) ==
               R"({"type":"integer","format":"int64","minimum":-5,"maximum":0})");
    BOOST_TEST(schema({"n", Type::integer, required}) == R"({"type":"integer","format":"int64"})");
}

BOOST_AUTO_TEST_CASE(times_and_flags_are_what_they_are)
{
    BOOST_TEST(schema({"at", Type::instant, required}) ==
               R"({"type":"string","format":"date-time"})");
    BOOST_TEST(schema({"on", Type::boolean, not_null}) == R"({"type":"boolean"})");
    BOOST_TEST(schema({"x", Type::any}) == "{}");
    BOOST_TEST(text_of(query_parameter({"from", Type::moment, optional, 0, 0, {}, {}, "Since."})) ==
               R"({"name":"from","in":"query","description":"Since.","schema":{"type":"string",)"
               R"("anyOf":[{"format":"date-time"},{"format":"date"}]}})");
}

BOOST_AUTO_TEST_CASE(a_read_only_field_says_so)
{
    BOOST_TEST(schema({"at", Type::instant, read_only, 0, 0, {}, {}, "Then."}) ==
               R"({"type":["string","null"],"format":"date-time","readOnly":true,)"
               R"("description":"Then."})");
}

BOOST_AUTO_TEST_CASE(only_a_body_that_creates_has_required_fields)
{
    static constexpr Rule parts[] = {{"n", Type::integer, required, 1, 9}};
    static constexpr Rule rules[] = {{"parts", Type::list, required, 1, 3, {}, parts}};
    const std::string part = R"({"type":"object","properties":{"n":{"type":"integer",)"
                             R"("format":"int64","minimum":1,"maximum":9}},"required":["n"],)"
                             R"("additionalProperties":false})";
    const std::string list = R"({"type":"object","properties":{"parts":{"type":"array","items":)" +
                             part + R"(,"minItems":1,"maxItems":3}},)";
    BOOST_TEST(text_of(body_schema(rules, Mode::change)) ==
               list + R"("additionalProperties":false})");
    BOOST_TEST(text_of(body_schema(rules, Mode::create)) ==
               list + R"("required":["parts"],"additionalProperties":false})");
}

BOOST_AUTO_TEST_CASE(what_a_resource_takes_and_what_it_shows_agree)
{
    int compared = 0;
    for (const Family *family : handlers::families) {
        for (const Route &route : family->routes) {
            const std::string name = resource_of(*family, route);
            if (route.body.empty() || name.empty()) {
                continue;
            }
            Differences found;
            compare_fields(route.body, component_schema(name), found);
            for (const std::string &difference : found) {
                BOOST_ERROR(route.method << " " << route.path << ": " << difference);
            }
            ++compared;
        }
    }
    // two each of products, orders, workflows and users, a notification's PATCH, the tokens' POST
    BOOST_TEST(compared == 10);
}

BOOST_AUTO_TEST_CASE(a_difference_between_rules_and_answer_is_noticed)
{
    static constexpr Rule rules[] = {{"name", Type::text, required, 1, 200},
                                     {"secret", Type::secret, required, 1, 9},
                                     {"gone", Type::boolean, not_null},
                                     {"price", Type::quantity, optional}};
    const Json answer = parse_json(R"({"properties": {
        "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 100},
        "secret": {"type": "string"}, "price": {"type": "number"}, "more": {"type": "boolean"}}})");
    Differences found;
    compare_fields(rules, answer, found);
    std::set<std::string> fields;
    for (const std::string &difference : found) {
        fields.insert(difference.substr(0, difference.find(':')));
    }
    BOOST_TEST((fields == std::set<std::string>{"name", "secret", "gone", "price", "more"}));
    Differences none;
    compare_fields({}, parse_json(R"({"properties": {}})"), none);
    BOOST_TEST(none.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_names_all_its_fields_and_allows_no_other)
{
    for (const auto &[name, answer] : components().members) {
        const Json *properties = answer.find("properties");
        if (properties == nullptr || name.find("Body") != std::string::npos ||
            name == "Config") { // which holds what its action takes
            continue;
        }
        BOOST_TEST_CONTEXT(name)
        {
            BOOST_TEST(keyword(answer, "additionalProperties") == "false");
            std::vector<Json> fields;
            for (const auto &property : properties->members) {
                if (name != "Login" || property.first != "token") { // only where it is asked for
                    fields.push_back(make_text(property.first));
                }
            }
            BOOST_TEST(keyword(answer, "required") == text_of(make_list(fields)));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
