#ifndef SMARTFLOW_BACKUP_SHAPES_HPP
#define SMARTFLOW_BACKUP_SHAPES_HPP

#include <string>
#include <vector>

namespace smartflow {

/// How a member's value goes into a table.
enum class Into {
    number,
    text,
    boolean,
    json,   ///< as it stands in the file
    person, ///< an object or null: a column for each of its members
};

struct Member {
    const char *key;
    Into into;
    std::vector<const char *> of = {}; ///< a person's members
};

/// A section's rows: what they hold, and the columns that take it, in the same order.
struct Shape {
    const char *section;
    const char *table;
    const char *columns;
    std::vector<Member> members;
};

/// The shape of a section. \pre it is one of backup_section_names
const Shape &shape_of(const std::string &section);

} // namespace smartflow

#endif
