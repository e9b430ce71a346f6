#ifndef SMARTFLOW_PASSWORDS_HPP
#define SMARTFLOW_PASSWORDS_HPP

#include "error.hpp"
#include "json.hpp"

#include <string>
#include <vector>

namespace smartflow {

/// The strings of a JSON array.
std::vector<std::string> texts_of(const Json &array);

/// Adds what makes a new password too weak to what is wrong already.
/// \throws Error (VALIDATION_ERROR) when anything is
void refuse_weak_password(const char *field, const std::string &password,
                          const std::vector<std::string> &names, Details wrong);

} // namespace smartflow

#endif
