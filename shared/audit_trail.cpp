#include "audit_trail.hpp"

#include "command_line.hpp"
#include "housekeeping.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

namespace smartflow {
namespace {

std::string line_of(const std::string &name, const AdminConnection::Values &row)
{
    return name + row.at(0).value_or("0") + " rows through " + row.at(1).value_or("0") + ": " +
           row.at(2).value_or("");
}

/// A list is newest first; a chain goes the other way. So the digests are kept until all are there.
AuditReport check_list(std::istream &file, const std::string &kept)
{
    if (kept.empty()) {
        throw UsageError("a list of the trail holds no head: give the one that was kept with "
                         "--head");
    }
    std::vector<AuditRow> rows;
    read_array(file, [&](std::string_view row) { rows.push_back(read_audit_row(row)); });
    std::sort(rows.begin(), rows.end(), [](const AuditRow &a, const AuditRow &b) {
        return std::tie(a.origin, a.id) < std::tie(b.origin, b.id);
    });
    AuditCheck check({}, kept);
    for (const AuditRow &row : rows) {
        check.add(row);
    }
    return check.report();
}

} // namespace

std::string audit_head_json(AdminConnection &database)
{
    seal_audit_trail(database);
    return database.value("select smartflow_api.audit_head()").value_or("");
}

std::string audit_head_text(AdminConnection &database)
{
    seal_audit_trail(database);
    const auto chain = database.rows("select rows, through, encode(head, 'hex'),"
                                     "       smartflow_api.rfc3339(sealed_at)"
                                     "  from smartflow.audit_chain");
    if (chain.empty()) {
        throw AdminError("the chain's own record is gone: look at action=integrity", "");
    }
    std::string text = line_of("", chain[0]);
    if (chain[0].at(3)) {
        text += ", sealed " + *chain[0].at(3);
    }
    for (const auto &segment : database.rows("select rows, through, encode(head, 'hex'), id"
                                             "  from smartflow.audit_segments order by id")) {
        text += "\n" + line_of("segment " + segment.at(3).value_or("") + ": ", segment);
    }
    return text;
}

AuditReport check_audit_file(const std::string &path, const std::string &kept)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(path + ": " + std::strerror(errno));
    }
    return check_list(file, kept);
}

} // namespace smartflow
