#ifndef SMARTFLOW_ROUTING_HPP
#define SMARTFLOW_ROUTING_HPP

#include "dispatch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smartflow {

/// Which route a path and a method lead to.
struct Match {
    const Route *route = nullptr;   ///< null: the path is known, the method isn't allowed
    std::optional<std::int64_t> id; ///< of the path
    std::string allow;              ///< the path's methods; empty: no such path
};

/// Finds the route of a request.
/// \param raw_path as the client sent it; its segments are decoded one by one
/// \throws Error (BAD_REQUEST) for a broken percent escape
Match match(const Family &family, std::string_view method, std::string_view raw_path);

} // namespace smartflow

#endif
