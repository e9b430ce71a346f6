#ifndef SMARTFLOW_PARAMETERS_HPP
#define SMARTFLOW_PARAMETERS_HPP

#include "database.hpp"
#include "sqlstate.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
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

/// The fields of the composite smartflow_api.request, as SQL's types.
inline constexpr std::array request_types = {"bytea", "text",   "boolean", "boolean", "text",
                                             "inet",  "text",   "bytea",   "bytea",   "text",
                                             "text",  "bigint", "text",    "jsonb"};

/// A request as SQL, of parameters whose first is $(after + 1).
inline std::string request_value(std::size_t after)
{
    std::string value = "row(";
    for (const char *type : request_types) {
        value += "$" + std::to_string(++after) + "::" + type + ",";
    }
    value.back() = ')';
    return value + "::smartflow_api.request";
}

/// The statement that calls a function of the API with CallParameters.
inline std::string call_statement(const std::string &function)
{
    if (ends_with(function, released_suffix)) {
        return "call smartflow_api." + function + "(" + request_value(0) +
               ", null, null, null, null, null)";
    }
    return "select * from smartflow_api." + function + "(" + request_value(0) +
           (function == idempotent_call ? ", $15::text)" : ")");
}

/// The statement that calls NAME_gathered for so many requests, with the CallParameters of each; it
/// is called NAME_gathered and their number.
inline std::string gathered_statement(const std::string &function, std::size_t requests)
{
    std::string statement = "call smartflow_api." + function + "(array[";
    for (std::size_t i = 0; i < requests; ++i) {
        statement += (i == 0 ? "" : ",") + request_value(i * request_types.size());
    }
    return statement + "], null)";
}

/// The arguments as text, in the order of the composite type; keeps what they point to.
class CallParameters
{
public:
    explicit CallParameters(const Arguments &a) : id_(a.id ? std::to_string(*a.id) : std::string())
    {
        add(hex(a.credential));
        add(a.role);
        values_.emplace_back(a.write ? "t" : "f");
        values_.emplace_back(a.cross_site ? "t" : "f");
        add(a.request_id);
        add(a.address);
        add(a.user_agent);
        add(hex(a.key));
        add(hex(a.fingerprint));
        values_.push_back(a.if_match ? a.if_match->c_str() : nullptr);
        values_.push_back(a.if_none_match ? a.if_none_match->c_str() : nullptr);
        add(id_);
        add(a.time_zone);
        values_.push_back(a.input.c_str());
    }

    std::vector<const char *> &values() { return values_; }

private:
    /// A bytea in hexadecimal input form.
    const std::string &hex(const std::optional<std::string> &digits)
    {
        kept_.push_back(std::make_unique<std::string>(digits ? "\\x" + *digits : ""));
        return *kept_.back();
    }

    void add(const std::string &text) { values_.push_back(text.empty() ? nullptr : text.c_str()); }

    std::string id_;
    std::vector<std::unique_ptr<std::string>> kept_;
    std::vector<const char *> values_;
};

} // namespace smartflow

#endif
