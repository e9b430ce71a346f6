#ifndef SMARTFLOW_SETUP_HPP
#define SMARTFLOW_SETUP_HPP

#include "administrators.hpp"
#include "doctor_checks.hpp"
#include "migrate.hpp"

#include <functional>
#include <string>
#include <vector>

namespace smartflow {

/// What a set-up or an upgrade needs to know.
struct SetupPlan {
    const DoctorPlan &doctor;
    const SqlTree &sql;
    std::string username;    ///< of the first administrator
    PasswordChoice password; ///< theirs
    std::string token;       ///< of SETUP_TOKEN, by which it was asked for; empty: by nobody's
};

/// What became of it.
struct SetupReport {
    std::vector<std::string> steps; ///< what the migration did, a line each
    AdministratorResult administrator;
    std::vector<Finding> findings; ///< of host and database, after it
};

/// Why it couldn't begin: what the doctor found.
class SetupRefused : public std::runtime_error
{
public:
    explicit SetupRefused(std::vector<Finding> findings)
        : std::runtime_error("the set-up can't begin"), findings_(std::move(findings))
    {}
    const std::vector<Finding> &findings() const noexcept { return findings_; }

private:
    std::vector<Finding> findings_;
};

/// Looks at settings and database, brings the database up to date, makes the first administrator
/// where there is none, looks at host and database again, and remembers the token as used. Killed
/// at any moment, it can be begun anew; two at once take turns. \throws SetupRefused,
/// MigrationError, AdministratorError, AdminError
SetupReport set_up(const SetupPlan &plan);

/// Whether a token has been used for a set-up that came to its end. A database that isn't reached,
/// or has no tables yet, knows of none.
bool is_used_setup_token(const std::string &url, const std::string &token);

} // namespace smartflow

#endif
