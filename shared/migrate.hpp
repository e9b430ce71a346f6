#ifndef SMARTFLOW_MIGRATE_HPP
#define SMARTFLOW_MIGRATE_HPP

#include "admin_connection.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace smartflow {

/// A file of sql/: its name without folder, and its text.
struct SqlFile {
    std::string name;
    std::string text;
};

/// Everything below sql/, and the families that roles.sql is about.
struct SqlTree {
    std::vector<SqlFile> migrations; ///< `NNNN_name.sql`, numbered 1, 2, 3… without a gap
    std::vector<SqlFile> functions;  ///< run in the order of their names
    SqlFile roles;                   ///< `:families` in it becomes an array of their names
    std::vector<std::string> families;
    SqlFile demo; ///< what `smartflow demo` runs
};

/// sql/ as it was when the program was built (made by sql/embed.cmake).
const SqlTree &embedded_sql();

/// Why the database was left as it was, or where the migration stopped.
class MigrationError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// Brings the database up to the tree: the migrations it doesn't have yet, each in its own
/// transaction and with a row in smartflow.migrations, then, in one transaction, the schema
/// smartflow_api from its files, and the roles. Two at once take turns.
///
/// Before anything runs it refuses a database that has migrations which the tree lacks or has with
/// another text, unless a later one says that it makes up for that very text (`-- completes 0001
/// CHECKSUM`). A migration that fails leaves nothing but its row (`failed`); the next run tries
/// it again. Requests go on meanwhile: what needs a lock gives up after a few seconds and tries
/// again, so that nobody waits long behind it.
/// \param url of the owner, straight to the server: through a pooler the advisory lock is worthless
/// \param log gets a line for each thing done
/// \throws MigrationError, AdminError
void migrate(const std::string &url, const SqlTree &tree, const LineSink &log);

} // namespace smartflow

#endif
