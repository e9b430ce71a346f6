#ifndef SMARTFLOW_DOCTOR_CHECKS_HPP
#define SMARTFLOW_DOCTOR_CHECKS_HPP

#include "admin_connection.hpp"
#include "doctor.hpp"
#include "settings.hpp"

#include <memory>
#include <optional>

namespace smartflow {

/// A login of a program, and what it may do beyond what it needs.
struct LoginFacts {
    std::string family;
    std::string user;
    std::string refusal;          ///< why it couldn't log in; empty when it could
    bool powerful = false;        ///< superuser, or may make roles or databases
    std::string tables;           ///< names of some that it can reach
    std::string functions;        ///< names of some of other families that it can call
    bool of_another_user = false; ///< only a system user of that name gets in
};

/// What the checks know of each other; each adds what it learns.
struct Patient {
    const DoctorPlan &plan;
    Settings settings{};
    std::unique_ptr<AdminConnection> database{}; ///< the owner's; none: it isn't reached
    bool has_schema = false;
    std::vector<LoginFacts> logins{};
    std::string url{};
    bool has_web = false;
};

/// What must be there for a check to make sense; without it the check is left out.
enum class Needs { nothing, database, schema, web };

struct Check {
    const char *name;
    Needs needs;
    Finding (*run)(Patient &patient);
};

/// In their order, for each of them may need what one before has found.
std::vector<Check> host_checks();
std::vector<Check> database_checks();
std::vector<Check> web_checks();

/// For after the database, whose size counts.
Check space_check();

inline Finding fine(const std::string &found)
{
    return {Verdict::ok, found, ""};
}

inline Finding doubtful(const std::string &found, const std::string &advice)
{
    return {Verdict::warn, found, advice};
}

inline Finding broken(const std::string &found, const std::string &advice)
{
    return {Verdict::fail, found, advice};
}

/// Judges the address that people use.
Finding judge_address(const std::string &public_url, const std::string &listen);

/// Judges a disk's free space. \param database bytes of the database, 0 when not known
Finding judge_space(const std::string &path, double free, double size, double database);

/// Judges the difference of two clocks. \param whose the other one: "the database's"
Finding judge_clocks(const std::string &whose, double here_s, double there_s);

/// Judges what the programs' logins may do. \param one_login whether all of them use the same
Finding judge_rights(const std::vector<LoginFacts> &logins, bool one_login);

/// What a failure to connect may be told as. libpq repeats parts of an address that it can't make
/// sense of, the password too, so only what it says of a server is passed on.
std::string connection_failure(const std::string &message);

} // namespace smartflow

#endif
