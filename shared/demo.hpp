#ifndef SMARTFLOW_DEMO_HPP
#define SMARTFLOW_DEMO_HPP

#include "migrate.hpp"

#include <optional>
#include <string>

namespace smartflow {

/// Where the demo shop's rule about low stock sends to beside the notifications in the shop.
struct DemoTargets {
    std::string mail;    ///< address; empty for none
    std::string webhook; ///< URL; empty for none
};

/// Fills an empty shop with demo data, in one transaction.
/// \param url    the owner's connection
/// \param script  sql/demo.sql
/// \param targets of what leaves the house
/// \returns the password of its members of staff; nothing when there are products or orders already
/// \throws AdminError, std::runtime_error when there is no administrator yet
std::optional<std::string> load_demo(const std::string &url, const SqlFile &script,
                                     const DemoTargets &targets);

} // namespace smartflow

#endif
