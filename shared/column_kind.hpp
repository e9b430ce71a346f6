#ifndef SMARTFLOW_COLUMN_KIND_HPP
#define SMARTFLOW_COLUMN_KIND_HPP

#include "database.hpp"

namespace smartflow {

/// What a column's text is in JSON. \param type PostgreSQL's OID of the type (catalog pg_type)
Column::Kind column_kind(unsigned type) noexcept;

/// A value's text in JSON's words: PostgreSQL writes booleans as `t` and `f`.
/// \param value may be null
const char *column_text(unsigned type, const char *value) noexcept;

} // namespace smartflow

#endif
