#ifndef SMARTFLOW_DEMO_HPP
#define SMARTFLOW_DEMO_HPP

#include "migrate.hpp"

#include <optional>
#include <string>

namespace smartflow {

/// Fills an empty shop with demo data, in one transaction.
/// \param url    the owner's connection
/// \param script sql/demo.sql
/// \returns the password of its members of staff; nothing when there are products or orders already
/// \throws AdminError, std::runtime_error when there is no administrator yet
std::optional<std::string> load_demo(const std::string &url, const SqlFile &script);

} // namespace smartflow

#endif
