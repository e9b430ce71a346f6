#ifndef SMARTFLOW_OPENAPI_REFUSALS_HPP
#define SMARTFLOW_OPENAPI_REFUSALS_HPP

#include "json.hpp"

#include <vector>

namespace smartflow {

/// A refusal as every operation that may answer it refers to it.
struct Refusal {
    int status;
    const char *name;                  ///< of the response in OpenAPI's components
    const char *about;                 ///< one sentence
    std::vector<const char *> headers; ///< beside X-Request-Id
};

/// Every refusal by status (contract, section 2, Errors). 405 isn't among them: an operation that
/// stands in the document is one that its path takes.
const std::vector<Refusal> &refusals();

/// The refusals as OpenAPI's components.responses; each allows the codes of its status alone.
Json refusal_responses();

/// A response's headers, by reference; X-Request-Id is always one of them.
Json response_headers(const std::vector<const char *> &names);

/// `{"application/json": {"schema": …}}`.
Json json_content(Json schema);

} // namespace smartflow

#endif
