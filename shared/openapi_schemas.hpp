#ifndef SMARTFLOW_OPENAPI_SCHEMAS_HPP
#define SMARTFLOW_OPENAPI_SCHEMAS_HPP

#include "json.hpp"
#include "rules.hpp"

#include <string>

namespace smartflow {

/// `{"$ref": "#/components/KIND/NAME"}`.
Json component(const std::string &kind, const std::string &name);

/// The schemas that fields of both directions share (Id, Money, Quantity…), by name: JSON Schema
/// 2020-12. Bounds are minimum and maximum; places are told in words and in `x-decimal-places`,
/// since `multipleOf` goes wrong wherever numbers are binary floating point.
Json value_schemas();

/// What checked_body takes for one field, as JSON Schema.
Json field_schema(const Rule &rule);

/// What checked_body takes as a body by these rules, as JSON Schema.
Json body_schema(Span<Rule> rules, Mode mode);

/// A query parameter as an OpenAPI Parameter Object.
Json query_parameter(const Rule &rule);

} // namespace smartflow

#endif
