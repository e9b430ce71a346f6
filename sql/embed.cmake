# Writes sql/ into a C++ source, so that one executable can migrate wherever it is copied to.
# cmake -DSQL_DIR=sql -DFAMILIES=products,orders -DOUT=sql.cpp -P embed.cmake
#
# Every byte becomes \xNN: no character of a file can be mistaken for C++.

function(embed file result)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" text "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  get_filename_component(name "${file}" NAME)
  set(${result} "{\"${name}\", std::string(\"${text}\", ${bytes})}" PARENT_SCOPE)
endfunction()

function(embed_folder folder result)
  file(GLOB files "${SQL_DIR}/${folder}/*.sql")
  list(SORT files)
  set(all "")
  foreach(file IN LISTS files)
    embed("${file}" one)
    string(APPEND all "            ${one},\n")
  endforeach()
  set(${result} "${all}" PARENT_SCOPE)
endfunction()

embed_folder(migrations migrations)
embed_folder(functions functions)
embed("${SQL_DIR}/roles.sql" roles)
embed("${SQL_DIR}/demo.sql" demo)
string(REPLACE "," "\", \"" families "${FAMILIES}")

file(WRITE "${OUT}" "// Made from sql/ by sql/embed.cmake.
#include \"migrate.hpp\"

namespace smartflow {

const SqlTree &embedded_sql()
{
    static const SqlTree tree = {
        {
${migrations}        },
        {
${functions}        },
        ${roles},
        {\"${families}\"},
        ${demo},
    };
    return tree;
}

} // namespace smartflow
")
