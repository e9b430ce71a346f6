#ifndef SMARTFLOW_CSV_IMPORT_HPP
#define SMARTFLOW_CSV_IMPORT_HPP

#include "csv.hpp"
#include "error.hpp"
#include "rules.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace smartflow {

/// A row of a spreadsheet, checked.
struct ImportRow {
    std::size_t line = 0; ///< of the file, on which it starts, from 1
    std::string given;    ///< what it names that is right, canonical JSON, and the `id` it goes by
    Details wrong;        ///< by column
};

/// Reads products from what a spreadsheet saved, checking each row by the fields' rules as a
/// PATCH's body is checked: numbers exactly, text trimmed, an empty optional text clears the field.
/// What the cells of a spreadsheet need besides: formulas are fused again; with semicolons, numbers
/// may have a decimal comma; truth values are spelled as spreadsheets do; an empty `archived` says
/// nothing, and so does an empty `stock`, unless stocks are set. Rows without any value are passed
/// over.
class ProductImport
{
public:
    /// Reads the header.
    /// \param set_stock whether the stock of products that exist is set too
    /// \throws Error (VALIDATION_ERROR) naming columns that are unknown or given twice, and where
    ///         none of id, sku, name is there, and what CsvReader throws
    ProductImport(CsvReader::Source source, bool set_stock);

    /// Reads the next row. \returns false at the end
    /// \throws Error (VALIDATION_ERROR) for what CsvReader throws, and beyond import_max_rows
    bool next(ImportRow &row);

private:
    void read_header();
    void check(ImportRow &row) const;

    CsvReader reader_;
    bool set_stock_;
    CsvRecord record_;
    std::vector<const Rule *> columns_; ///< what each column of the file is
    std::size_t rows_ = 0;
};

/// How many rows a file may have: as many as one answer can list.
inline constexpr std::size_t import_max_rows = 1'000'000;

/// Appends a row as a line of PostgreSQL's COPY: line, given, errors.
void append_copy_line(std::string &out, const ImportRow &row);

} // namespace smartflow

#endif
