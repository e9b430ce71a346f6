# Static programs that run on any x86-64 Linux, for `make dist` (SELF_CONTAINED=ON).
#
# Everything comes from Debian's static libraries. Two things stand beside them: stand-ins for what has
# none (absent_libraries.cpp), and what keeps the host out (host_independence.cpp).

set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
# Small: what counts is how fast a program starts, and how long its upload takes.
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG")
# The same bytes from wherever they are built.
add_compile_options(-fno-pie -ffunction-sections -fdata-sections
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=${CMAKE_BINARY_DIR}/=)
# The linker's -static and not the compiler's: that has the unwinder sort every function of a program
# when the first exception is thrown (54 million instructions, where all the rest of a request is half
# a million); this way it finds them in .eh_frame_hdr. Not position independent, since libzxcvbn.a isn't.
add_link_options(-no-pie -static-libgcc -Wl,-static
  -s -Wl,--gc-sections -Wl,--build-id=none)

# spdlog and fmt come as shared libraries, or as headers alone.
set(SPDLOG "")
add_compile_definitions(SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)

add_library(self_contained OBJECT
  nginx/dist/absent_libraries.cpp nginx/dist/host_independence.cpp)

# What those libraries call in turn, in the order in which the linker wants them.
set(SELF_CONTAINED_LIBRARIES $<TARGET_OBJECTS:self_contained>)
foreach(name pgcommon pgport nghttp2 psl idn2 unistring ssh2 ssl crypto zstd brotlidec brotlicommon z)
  find_library(STATIC_${name} ${name} REQUIRED PATHS /usr/lib/postgresql/15/lib)
  list(APPEND SELF_CONTAINED_LIBRARIES ${STATIC_${name}})
endforeach()
