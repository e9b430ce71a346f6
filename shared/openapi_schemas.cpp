#include "openapi_schemas.hpp"

#include "decimal.hpp"
#include "json_build.hpp"

namespace smartflow {

namespace {

bool may_be_null(const Rule &rule)
{
    return !is_set(rule, required) && !is_set(rule, not_null);
}

Json typed(const char *type)
{
    return make_object({{"type", make_text(type)}});
}

Json decimal_schema(const DecimalBounds &bounds, const char *about)
{
    Json schema = typed("number");
    add_member(schema, "format", make_text("decimal"));
    add_member(schema, "description", make_text(about));
    if (bounds.negative_allowed) {
        add_member(schema, "minimum", make_number("-" + largest(bounds)));
    } else {
        add_member(schema, bounds.zero_allowed ? "minimum" : "exclusiveMinimum", make_number(0));
    }
    add_member(schema, "maximum", make_number(largest(bounds)));
    if (bounds.negative_allowed && !bounds.zero_allowed) {
        add_member(schema, "not", make_object({{"const", make_number(0)}}));
    }
    add_member(schema, "x-decimal-places", make_number(bounds.places));
    return schema;
}

Json text_schema(const Rule &rule)
{
    Json schema = typed("string");
    if (rule.type == Type::email) {
        add_member(schema, "format", make_text("idn-email"));
    }
    if (rule.type == Type::secret) {
        add_member(schema, "format", make_text("password"));
        add_member(schema, "writeOnly", make_truth(true));
    }
    // An empty optional text is taken, as null; only a secret is never that.
    if (rule.min > 0 && (!may_be_null(rule) || rule.type == Type::secret)) {
        add_member(schema, "minLength", make_number(rule.min));
    }
    if (rule.max > 0) {
        add_member(schema, "maxLength", make_number(rule.max));
    }
    return schema;
}

Json integer_schema(const Rule &rule)
{
    Json schema = typed("integer");
    add_member(schema, "format", make_text("int64"));
    if (rule.min != 0 || rule.max != 0) {
        add_member(schema, "minimum", make_number(rule.min));
        if (rule.max != 0 || rule.min <= 0) {
            add_member(schema, "maximum", make_number(rule.max));
        }
    }
    return schema;
}

Json choice_schema(const Rule &rule)
{
    Json schema = typed("string");
    std::vector<Json> choices;
    for (const char *choice : rule.choices) {
        choices.push_back(make_text(choice));
    }
    add_member(schema, "enum", make_list(std::move(choices)));
    return schema;
}

Json instant_schema(bool or_date)
{
    Json schema = typed("string");
    if (or_date) {
        add_member(schema, "anyOf",
                   make_list({make_object({{"format", make_text("date-time")}}),
                              make_object({{"format", make_text("date")}})}));
    } else {
        add_member(schema, "format", make_text("date-time"));
    }
    return schema;
}

Json list_schema(const Rule &rule)
{
    Json schema = typed("array");
    // An element is always a whole one, also in a PATCH.
    add_member(schema, "items", body_schema(rule.fields, Mode::create));
    add_member(schema, "minItems", make_number(rule.min));
    if (rule.max > 0) {
        add_member(schema, "maxItems", make_number(rule.max));
    }
    return schema;
}

/// The value itself, null apart.
Json value_schema(const Rule &rule)
{
    switch (rule.type) {
        case Type::text:
        case Type::long_text:
        case Type::email:
        case Type::secret: return text_schema(rule);
        case Type::money: return component("schemas", "Money");
        case Type::quantity: return component("schemas", "Quantity");
        case Type::positive: return component("schemas", "PositiveQuantity");
        case Type::delta: return component("schemas", "Delta");
        case Type::integer: return integer_schema(rule);
        case Type::id: return component("schemas", "Id");
        case Type::boolean: return typed("boolean");
        case Type::choice: return choice_schema(rule);
        case Type::instant: return instant_schema(false);
        case Type::moment: return instant_schema(true);
        case Type::list: return list_schema(rule);
        case Type::any: break;
    }
    return *rule.schema == '\0' ? make_object() : component("schemas", rule.schema);
}

/// Lets a schema take null too.
Json or_null(Json schema)
{
    if (schema.find("$ref") != nullptr) {
        return make_object({{"anyOf", make_list({std::move(schema), typed("null")})}});
    }
    for (auto &[name, value] : schema.members) {
        if (name == "type") {
            value = make_list({std::move(value), make_text("null")});
        } else if (name == "enum") {
            value.items.emplace_back();
        }
    }
    return schema;
}

} // namespace

Json component(const std::string &kind, const std::string &name)
{
    return make_object({{"$ref", make_text("#/components/" + kind + "/" + name)}});
}

Json value_schemas()
{
    Json id = typed("integer");
    add_member(id, "format", make_text("int64"));
    add_member(id, "minimum", make_number(1));
    add_member(id, "description", make_text("Assigned by the database, never reused."));
    return make_object(
        {{"Id", std::move(id)},
         {"Money", decimal_schema(money_bounds, "An exact decimal of at most two places.")},
         {"Quantity", decimal_schema(quantity_bounds, "An exact decimal of at most three places.")},
         {"PositiveQuantity",
          decimal_schema(positive_quantity_bounds,
                         "An exact decimal above zero, of at most three places.")},
         {"Delta", decimal_schema(delta_bounds, "An exact decimal of either sign, not zero, of at "
                                                "most three places.")}});
}

Json field_schema(const Rule &rule)
{
    Json schema = value_schema(rule);
    if (may_be_null(rule)) {
        schema = or_null(std::move(schema));
    }
    if (is_set(rule, read_only)) {
        add_member(schema, "readOnly", make_truth(true));
    }
    if (*rule.about != '\0') {
        add_member(schema, "description", make_text(rule.about));
    }
    return schema;
}

Json body_schema(Span<Rule> rules, Mode mode)
{
    Json properties = make_object();
    std::vector<Json> needed;
    for (const Rule &rule : rules) {
        add_member(properties, rule.name, field_schema(rule));
        if (mode == Mode::create && is_set(rule, required)) {
            needed.push_back(make_text(rule.name));
        }
    }
    Json schema = typed("object");
    add_member(schema, "properties", std::move(properties));
    if (!needed.empty()) {
        add_member(schema, "required", make_list(std::move(needed)));
    }
    add_member(schema, "additionalProperties", make_truth(false));
    return schema;
}

Json query_parameter(const Rule &rule)
{
    Json parameter = make_object({{"name", make_text(rule.name)}, {"in", make_text("query")}});
    if (*rule.about != '\0') {
        add_member(parameter, "description", make_text(rule.about));
    }
    if (is_set(rule, required)) {
        add_member(parameter, "required", make_truth(true));
    }
    add_member(parameter, "schema", value_schema(rule));
    return parameter;
}

} // namespace smartflow
