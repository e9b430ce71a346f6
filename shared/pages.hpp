#ifndef SMARTFLOW_PAGES_HPP
#define SMARTFLOW_PAGES_HPP

#include "csv.hpp"
#include "database.hpp"
#include "http.hpp"
#include "rules.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smartflow {

/// What every list takes beside its filters (contract, section 2, Lists).
// clang-format off
inline constexpr Rule paging_rules[] = {
    {"limit", Type::integer, optional, 1, 1000, {}, {}, "So many at most, with a link to the next page."},
    {"cursor", Type::text, optional, 1, 2000, {}, {}, "Where the page starts: from the link to it."},
    {"count", Type::boolean, optional, 0, 0, {}, {}, "Whether to send X-Total-Count."},
};
// clang-format on

/// A list's filters together with the paging parameters, as one table.
template <std::size_t N>
constexpr std::array<Rule, N + std::size(paging_rules)> with_paging(const Rule (&filters)[N])
{
    std::array<Rule, N + std::size(paging_rules)> all{};
    std::size_t at = 0;
    for (const Rule &rule : filters) {
        all[at++] = rule;
    }
    for (const Rule &rule : paging_rules) {
        all[at++] = rule;
    }
    return all;
}

/// A list's checked query on its way to SQL and back.
struct Page {
    std::string path;  ///< of the list, as it stands in the link
    std::string query; ///< the client's own, raw
    std::string scope; ///< digest of the filters and the sort, which a cursor belongs to
    std::string sort;  ///< the column sorted by, without sign; `id` by default
    std::optional<std::int64_t> limit;
    bool csv = false; ///< whether `format=csv` is asked for
};

/// Reads limit, cursor and sort out of a checked query and puts what SQL needs instead (`after`,
/// `afterId`) into it.
/// \param input the checked query as a JSON object, changed in place
/// \param wrong gets a cursor that is none, or belongs to another sort or filter
Page read_page(std::string_view path, std::string_view raw_query, std::string &input,
               Details &wrong);

/// Appends a row as a JSON object.
void append_row(std::string &out, const Row &row);

/// Takes a list's rows and writes the answer.
class RowWriter
{
public:
    virtual ~RowWriter() = default;

    /// \returns false when no more rows are wanted
    virtual bool take(const Row &row) = 0;

    /// Writes the end. \returns the body's bytes
    virtual std::size_t finish() = 0;

    /// Whether something was sent already, so that no error can be answered any more.
    virtual bool started() const noexcept = 0;
};

/// A list as a JSON array, or as CSV: whole when it is short or a page, streamed otherwise.
class ListWriter : public RowWriter
{
public:
    /// \param head  headers of the answer; X-Total-Count and Link are added
    /// \param empty HEAD: whether to leave the body out
    ListWriter(const Page &page, Response head, Output &output, bool empty);

    bool take(const Row &row) override;
    std::size_t finish() override;
    bool started() const noexcept override { return started_; }

private:
    void remember(const Row &row);
    void begin_csv(const Row &row);
    void append(const Row &row);
    std::string next_link() const;
    bool flush();

    const Page &page_;
    Response head_;
    Output &output_;
    bool empty_;
    bool started_ = false;
    bool more_ = false;
    std::optional<CsvWriter> csv_;
    bool csv_begun_ = false;
    std::int64_t rows_ = 0;
    std::size_t bytes_ = 0;
    std::string last_id_;
    std::string last_key_;
};

} // namespace smartflow

#endif
