#ifndef SMARTFLOW_OPENAPI_HPP
#define SMARTFLOW_OPENAPI_HPP

#include "dispatch.hpp"
#include "rules.hpp"

#include <string>
#include <string_view>

namespace smartflow {

/// What OpenAPI says beside the routes: handlers/openapi.json, made part of the program by CMake.
std::string_view openapi_base() noexcept;

/// The OpenAPI 3.1 document of every route: paths, parameters, request bodies and refusals from the
/// routes and their rules; what these can't know (what an answer looks like, descriptions,
/// examples) from `base`, an OpenAPI document too, whose operations complete those of the routes.
/// \param version of the program
/// \returns one JSON text
/// \throws std::logic_error when `base` describes an operation that no route has, or contradicts
/// one
std::string openapi_document(Span<const Family *> families, std::string_view base,
                             std::string_view version);

/// The route's name in OpenAPI, unique among all: `productsMovementsList`.
std::string operation_id(const Family &family, const Route &route);

} // namespace smartflow

#endif
