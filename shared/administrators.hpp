#ifndef SMARTFLOW_ADMINISTRATORS_HPP
#define SMARTFLOW_ADMINISTRATORS_HPP

#include <optional>
#include <stdexcept>
#include <string>

namespace smartflow {

/// What an administrator asked for at the command line and can't have.
class AdministratorError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// Where a password comes from and where a generated one goes.
struct PasswordChoice {
    std::optional<std::string> given; ///< by the administrator; one is generated when missing
    std::string file;                 ///< gets a generated one; when empty, the caller shows it
};

/// Refuses a password that section 6 of the contract would: not 12 to 1024 characters, or weak.
/// \throws AdministratorError with the reason
void check_password_rules(const std::string &password, const std::string &username);

/// What became of a call.
struct AdministratorResult {
    bool done = false;     ///< false: there was nothing to do
    std::string generated; ///< the password to show once; empty when given or in the file
};

/// Makes the first administrator; does nothing when there is one.
///
/// The file of a generated password is on disk before the database commits: whatever moment the
/// program is killed at, a password that counts is a password that somebody can read. A file that
/// is there already (from such a moment) has its password used; it must belong to the caller and be
/// readable by nobody else.
/// \param url the owner's connection
/// \throws AdministratorError, AdminError
AdministratorResult create_first_administrator(const std::string &url, const std::string &username,
                                               const PasswordChoice &choice);

/// Gives a user who lost it a new password and ends their sessions. A file that is there already is
/// refused.
/// \returns done false when there is no such user
/// \throws AdministratorError, AdminError
AdministratorResult reset_password(const std::string &url, const std::string &username,
                                   const PasswordChoice &choice);

} // namespace smartflow

#endif
