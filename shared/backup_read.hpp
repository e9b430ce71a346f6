#ifndef SMARTFLOW_BACKUP_READ_HPP
#define SMARTFLOW_BACKUP_READ_HPP

#include "http.hpp"
#include "json.hpp"
#include "secrets.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// A file that is no export, or not the whole one, or was changed.
class BackupError : public std::runtime_error
{
public:
    /// \param no_json whether it doesn't even begin like one
    explicit BackupError(const std::string &problem, bool no_json = false)
        : std::runtime_error(problem), no_json_(no_json)
    {}

    bool no_json() const noexcept { return no_json_; }

private:
    bool no_json_;
};

/// What an export says of itself, beside its rows.
struct BackupFacts {
    std::int64_t schema_version = 0;
    std::string exported_at;
    Json counts;     ///< rows by section, as the file states them
    Json audit_head; ///< the end of its audit trail's chain, as the file states it
    std::string sha256;
    std::uint64_t bytes = 0;
};

/// Gets an export's rows.
class BackupRows
{
public:
    virtual ~BackupRows() = default;
    virtual void begin_section(const std::string &name) = 0;
    /// \param row  the row, strictly parsed: an object
    /// \param text its bytes, as they stand in the file
    virtual void take_row(const Json &row, std::string_view text) = 0;
    virtual void end_section() = 0;
};

/// Reads an export in constant memory: its form, its counts and its digest are checked, its rows
/// are handed on one by one.
class BackupReader
{
public:
    /// \param newest_schema the version of the database that this program knows
    BackupReader(ByteSource source, std::int64_t newest_schema);

    /// \throws BackupError
    BackupFacts read(BackupRows &rows);

private:
    bool fill();
    char peek();
    void expect(char wanted, const char *where);
    std::string_view value(const char *where);
    std::size_t value_end(const char *where);
    Json parsed(std::string_view text, const std::string &where);
    std::string key();
    Json member(const char *name);
    void read_head(BackupFacts &facts);
    void read_section(BackupRows &rows, const std::string &name);
    void read_tail(BackupFacts &facts);
    void hash_up_to_here();
    void drop_what_was_read();

    ByteSource source_;
    std::int64_t newest_schema_;
    std::string buffer_;
    std::size_t at_ = 0;     ///< in the buffer
    std::size_t hashed_ = 0; ///< of the buffer
    bool hashing_ = true;
    Sha256 hash_;
    std::uint64_t dropped_ = 0; ///< bytes that aren't in the buffer any more
    std::vector<std::pair<std::string, std::uint64_t>> counted_;
};

/// The sections in the file's order.
const std::vector<std::string> &backup_section_names();

/// The values of an object's members, as they stand in its text.
/// \param object the text of a well-formed JSON object
std::vector<std::string_view> member_texts(std::string_view object);

} // namespace smartflow

#endif
