#ifndef SMARTFLOW_OPENAPI_RESPONSES_HPP
#define SMARTFLOW_OPENAPI_RESPONSES_HPP

#include "dispatch.hpp"
#include "json.hpp"

#include <string_view>
#include <vector>

namespace smartflow {

/// Whether a route's path names one thing by its id.
bool has_id(std::string_view path);

/// Whether a route of this method answers one resource with a version of its own.
bool reads_one(std::string_view method, const Route &route);

/// What a route answers, as an OpenAPI Responses Object: its success, and the refusals that the
/// contract lets it have. Where an action tells routes of one path apart, the success is any of
/// theirs.
Json responses(const Family &family, const Route &route);

/// What each action answers, which OpenAPI can't tell of the values of a parameter.
/// \param routes of one method and path
Json answers_by_action(const std::vector<const Route *> &routes);

} // namespace smartflow

#endif
