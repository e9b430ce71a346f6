#ifndef SMARTFLOW_AUDIT_CHAIN_HPP
#define SMARTFLOW_AUDIT_CHAIN_HPP

#include "http.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// The audit trail's hash chain (sql/functions/08_audit_chain.sql): h(0) is 32 zero bytes, h(i) =
/// SHA-256(h(i-1) || SHA-256(text(i))), a row's text being its JSON object without `origin`.
class AuditChain
{
public:
    /// \param digest SHA-256 of the next row's text, 32 bytes
    void add(std::string_view digest);

    std::int64_t rows() const noexcept { return rows_; }

    /// Lower-case hex.
    std::string head() const;

private:
    std::string head_ = std::string(32, '\0');
    std::int64_t rows_ = 0;
};

/// What a check needs of a row.
struct AuditRow {
    std::int64_t origin = 0; ///< the segment; 0: the local chain
    std::int64_t id = 0;     ///< its number in its chain
    std::string digest;      ///< SHA-256 of its text, 32 bytes
};

/// Reads a row from its bytes in a list or an export, each of which counts.
/// \throws std::runtime_error for what the program hasn't written so
AuditRow read_audit_row(std::string_view row);

/// Where a chain ended when that was written down.
struct ChainEnd {
    std::int64_t origin = 0;
    std::int64_t through = 0; ///< rows up to this id are in it
    std::int64_t rows = 0;
    std::string hash; ///< lower-case hex
};

/// Reads an export's `auditHead`: the local chain's end, then those of the segments.
/// \throws std::runtime_error for what is none
std::vector<ChainEnd> read_audit_head(std::string_view json);

/// What a check found.
struct AuditReport {
    std::vector<std::string> problems;
    std::int64_t sealed = 0;   ///< rows that a head vouches for
    std::int64_t unsealed = 0; ///< rows that came after it
};

/// Checks the rows of a trail against heads, in memory that doesn't grow with them.
class AuditCheck
{
public:
    /// \param stated what came with the rows; may be empty
    /// \param kept   a head of the local chain that was kept elsewhere, in hex: it must be one of
    ///               those that the chain went through; empty for none
    AuditCheck(const std::vector<ChainEnd> &stated, std::string kept);

    /// Takes the next row; a chain's rows come in the order of their ids.
    void add(const AuditRow &row);

    /// Says what was wrong, once all rows were taken.
    AuditReport report() const;

private:
    struct Progress {
        ChainEnd stated;
        bool is_stated = false;
        AuditChain chain;
        AuditChain sealed; ///< as far as the stated head goes
        std::int64_t last = 0;
        std::int64_t misplaced = 0; ///< the first row that came twice or too late
    };

    void judge(const Progress &progress, AuditReport &report) const;

    std::map<std::int64_t, Progress> chains_;
    std::string kept_;
    std::int64_t kept_rows_ = -1; ///< after so many of the local chain's rows it was as kept
};

/// Gives each element of a JSON array to the sink, byte for byte as it stands there.
/// \throws std::runtime_error for what is no array, and an element beyond 64 MiB
void read_array(const ByteSource &source, const std::function<void(std::string_view)> &sink);

} // namespace smartflow

#endif
