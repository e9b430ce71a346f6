#ifndef SMARTFLOW_PARAMETERS_HPP
#define SMARTFLOW_PARAMETERS_HPP

#include "database.hpp"
#include "sqlstate.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace smartflow {

/// Calls another function for a request with an Idempotency-Key; takes its name besides.
inline constexpr const char *idempotent_call = "any_idempotent";

/// Ends the name of what calls a function, with or without such a key, and frees what it locks
/// before its commit is on disk (01_session.sql).
inline constexpr const char *released_suffix = "_released";

/// Ends the name of what a function is called by for several requests, at most so many.
inline constexpr const char *gathered_suffix = "_gathered";
inline constexpr std::size_t most_together = 8;

/// The statement that calls a function of the API with a request (request_parameter); where the
/// name has gathered_suffix, with several (requests_parameter).
inline std::string call_statement(const std::string &function)
{
    // A text, since an update makes another type of the same name.
    const std::string call = "smartflow_api." + function + "($1::text::smartflow_api.request";
    if (ends_with(function, gathered_suffix)) {
        return "call " + call + "[], null)";
    }
    if (ends_with(function, released_suffix)) {
        return "call " + call + ", null, null, null, null, null)";
    }
    return "select * from " + call + (function == idempotent_call ? ", $2::text)" : ")");
}

/// A request as PostgreSQL reads the composite smartflow_api.request (00_request.sql): one
/// parameter, since each costs the server more than what is in it.
std::string request_parameter(const Arguments &arguments);

/// Several requests, each as request_parameter gives it, as PostgreSQL reads an array of them.
std::string requests_parameter(const std::vector<std::string> &requests);

} // namespace smartflow

#endif
