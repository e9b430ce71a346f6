#ifndef SMARTFLOW_DATABASE_COMPANY_HPP
#define SMARTFLOW_DATABASE_COMPANY_HPP

#include "database_gathering.hpp"
#include "database_pool.hpp"

#include <pqxx/pqxx>

#include <cstddef>
#include <string>

namespace smartflow {

/// Groups of those who call at the same moment.
struct Companies {
    /// \param groups of each kind under way at once
    Companies(DatabasePool &pool, std::size_t groups);

    Gathering alike;   ///< who read exactly the same
    Gathering reading; ///< who read by a function that takes several requests
    Gathering writing; ///< who write by one
};

/// What a call is answered.
/// \param of_many whether several asked
Gathering::Outcome outcome_of(const std::string &function, const pqxx::result &result,
                              bool of_many);

/// What it is answered in company, where it may be called so; nothing where it has to be called
/// alone. \throws Error as Call does
Gathering::Outcome in_company(DatabasePool &pool, Companies &companies, const std::string &function,
                              const Arguments &arguments);

} // namespace smartflow

#endif
