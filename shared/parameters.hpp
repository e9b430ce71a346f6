#ifndef SMARTFLOW_PARAMETERS_HPP
#define SMARTFLOW_PARAMETERS_HPP

#include "database.hpp"
#include "sqlstate.hpp"

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

/// The statement that calls a function of the API with CallParameters.
inline std::string call_statement(const std::string &function)
{
    constexpr const char *request =
        "(row($1::bytea,$2::text,$3::boolean,$4::boolean,$5::text,$6::inet,$7::text,$8::bytea,"
        "$9::bytea,$10::text,$11::text,$12::bigint,$13::text,$14::jsonb)::smartflow_api.request";
    if (ends_with(function, released_suffix)) {
        return "call smartflow_api." + function + request + ", null, null, null, null, null)";
    }
    return "select * from smartflow_api." + function + request +
           (function == idempotent_call ? ", $15::text)" : ")");
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
