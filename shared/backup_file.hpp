#ifndef SMARTFLOW_BACKUP_FILE_HPP
#define SMARTFLOW_BACKUP_FILE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace smartflow {

/// A file that can't be read or written; the message names it.
class FileError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// A file that is read from its beginning; compressed with gzip or not.
class InputFile
{
public:
    /// \throws FileError
    explicit InputFile(std::string path);
    ~InputFile();
    InputFile(const InputFile &) = delete;
    InputFile &operator=(const InputFile &) = delete;

    /// See ByteSource. \throws FileError also for a compressed file that is cut off or damaged
    std::size_t read(char *into, std::size_t size);

    /// How much of the file was read, 0 to 100.
    int percent() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A new file, compressed with gzip, that only its owner may read; it is on disk, whole, under its
/// name, or not there.
class OutputFile
{
public:
    /// Begins `path`.part. \throws FileError
    explicit OutputFile(std::string path);
    /// Removes what wasn't kept.
    ~OutputFile();
    OutputFile(const OutputFile &) = delete;
    OutputFile &operator=(const OutputFile &) = delete;

    /// \throws FileError
    void write(std::string_view bytes);

    /// Ends the file and has it on disk, still as `path`.part. \throws FileError
    void close();

    /// The name until it is kept.
    const std::string &part() const noexcept { return part_; }

    /// Gives the file its name, or the name with `suffix`. \throws FileError
    void keep(const std::string &suffix = "");

private:
    std::string path_;
    std::string part_;
    void *file_ = nullptr; ///< zlib's
    int descriptor_ = -1;
};

} // namespace smartflow

#endif
