#ifndef SMARTFLOW_ROUTING_HPP
#define SMARTFLOW_ROUTING_HPP

#include "dispatch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// Which route a path and a method lead to.
struct Match {
    const Route *route = nullptr;   ///< null: the path is known, the method isn't allowed
    std::optional<std::int64_t> id; ///< of the path
    std::string allow;              ///< the path's methods; empty: no such path
};

/// Whether the query asks for this action; whether it does so well is for its rules to say.
bool names_action(std::string_view query, std::string_view action);

/// Finds the route of a request. Of several of one method and path, told apart by `action`, it is
/// the first where the query names none of them; its rules then refuse the query.
/// \param target as the client sent it; the path's segments are decoded one by one
/// \throws Error (BAD_REQUEST) for a broken percent escape
Match match(const Family &family, std::string_view method, const Target &target);

/// The routes of the family that have this one's method and path, itself among them.
std::vector<const Route *> siblings(const Family &family, const Route &route);

/// What a route takes in its query: its own rules, and the actions to choose from where its path
/// has several.
class QueryRules
{
public:
    QueryRules(const Family &family, const Route &route);
    QueryRules(const QueryRules &) = delete;
    QueryRules &operator=(const QueryRules &) = delete;

    Span<Rule> rules() const noexcept;

private:
    std::vector<const char *> actions_;
    std::vector<Rule> rules_;
};

} // namespace smartflow

#endif
