#ifndef SMARTFLOW_CSV_HPP
#define SMARTFLOW_CSV_HPP

#include "database.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// The media type of what is written here.
inline constexpr const char *csv_media = "text/csv; charset=utf-8; header=present";

/// A text such that no spreadsheet runs it as a formula: one apostrophe stands before each
/// character that would begin one (`=`, `+`, `-`, `@`, tab, CR, and the full-width forms of the
/// first four). A spreadsheet that takes `;` or a tab for the separator, where the file has commas,
/// begins a cell in the middle of a field; so does a newline where it doesn't heed quotes. Cells
/// that would begin there count too, behind whatever spaces, quotes and apostrophes.
std::string defused(std::string_view text);

/// Takes away exactly what defused() added: undefused(defused(x)) is x, whatever x is.
std::string undefused(std::string_view text);

/// Writes CSV (RFC 4180) as spreadsheets read it: UTF-8 with a byte-order mark, CRLF, quotes where
/// they are needed.
class CsvWriter
{
public:
    explicit CsvWriter(char separator = ',');

    /// Adds a field of text, which people may have made up: defused.
    void text(std::string_view text);

    /// Adds a field as it is: a number, a truth value, an instant, nothing, a column's name.
    void plain(std::string_view value);

    void end_record();

    /// Adds a record of the row's columns, those for clients, in their order.
    void record(const Row &row);

    /// What has been written and not yet taken away; whoever sends it clears it.
    std::string &buffer() noexcept { return buffer_; }

private:
    char separator_;
    std::string buffer_;
    std::size_t fields_ = 0; ///< of the record so far
};

/// How much of a file is taken at once, in bytes where it isn't columns.
struct CsvLimits {
    std::size_t field = std::size_t{1024} * 1024;
    std::size_t record = std::size_t{2} * 1024 * 1024;
    std::size_t columns = 200;
};

/// One record, and the line of the file on which it starts, from 1.
struct CsvRecord {
    std::size_t line = 0;
    std::vector<std::string> fields; ///< as they stand in the file; texts are still defused
};

/// Reads CSV (RFC 4180) strictly, a record at a time, in memory bounded by the limits. Commas or
/// semicolons separate, whichever comes first in the header; a byte-order mark may lead; lines end
/// in CRLF or LF; empty ones are passed over.
class CsvReader
{
public:
    /// Fills a buffer. \returns the number of bytes, 0 at the end
    using Source = std::function<std::size_t(char *, std::size_t)>;

    explicit CsvReader(Source source, CsvLimits limits = {});

    /// Reads the next record; the first one is the header, and says how many columns there are.
    /// \returns false at the end
    /// \throws Error (VALIDATION_ERROR on `line N`) for NUL, invalid UTF-8, a stray quote or
    /// carriage
    ///         return, another number of columns than the header's, and what is beyond the limits
    bool next(CsvRecord &record);

    char separator() const noexcept { return separator_ == '\0' ? ',' : separator_; }

private:
    enum class State { start, plain, quoted, quote, carriage_return };

    void take_run(const CsvRecord &record);
    bool take(char c, CsvRecord &record);
    void take_outside(char c, CsvRecord &record);
    void append(std::string_view bytes, const CsvRecord &record);
    bool separates(char c) noexcept;
    void end_field(CsvRecord &record);
    bool end_record(CsvRecord &record);
    bool fill();
    void skip_byte_order_mark();
    [[noreturn]] static void refuse(const CsvRecord &record, const std::string &reason);

    Source source_;
    CsvLimits limits_;
    std::string buffer_;
    std::size_t at_ = 0;  ///< the next byte of the buffer
    std::size_t end_ = 0; ///< of what is in it
    State state_ = State::start;
    std::string field_;
    std::size_t record_bytes_ = 0;
    bool quoted_ = false; ///< the record has a quote, so that it isn't an empty line
    char separator_ = '\0';
    std::size_t columns_ = 0; ///< of the header; 0 before it is read
    std::size_t line_ = 1;
    bool begun_ = false;
};

} // namespace smartflow

#endif
