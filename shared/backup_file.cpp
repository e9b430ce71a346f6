#include "backup_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace smartflow {

namespace {

constexpr unsigned gzip_buffer_bytes = 256 * 1024;

[[noreturn]] void refuse_file(const std::string &path, const std::string &what)
{
    throw FileError(path + ": " + what);
}

std::string system_reason()
{
    return std::strerror(errno);
}

} // namespace

struct InputFile::State {
    std::string path;
    gzFile file = nullptr;
    std::int64_t size = 0;

    ~State()
    {
        if (file != nullptr) {
            gzclose(file);
        }
    }
};

InputFile::InputFile(std::string path) : state_(std::make_unique<State>())
{
    state_->path = std::move(path);
    const int descriptor = ::open(state_->path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        refuse_file(state_->path, system_reason());
    }
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
        ::close(descriptor);
        refuse_file(state_->path, "is no file");
    }
    state_->size = status.st_size;
    state_->file = gzdopen(descriptor, "rb");
    if (state_->file == nullptr) {
        ::close(descriptor);
        refuse_file(state_->path, "there is no memory to read it");
    }
    gzbuffer(state_->file, gzip_buffer_bytes);
}

InputFile::~InputFile() = default;

std::size_t InputFile::read(char *into, std::size_t size)
{
    const int got = gzread(state_->file, into, static_cast<unsigned>(size));
    int code = Z_OK;
    const char *reason = gzerror(state_->file, &code);
    if (got < 0 || code == Z_BUF_ERROR) { // of a cut file all that is there comes first
        refuse_file(state_->path, code == Z_ERRNO       ? system_reason()
                                  : code == Z_BUF_ERROR ? "is compressed and cut off"
                                                        : std::string("is damaged: ") + reason);
    }
    return static_cast<std::size_t>(got);
}

int InputFile::percent() const noexcept
{
    return state_->size > 0 ? static_cast<int>(gzoffset(state_->file) * 100 / state_->size) : 0;
}

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)), part_(path_ + ".part"),
      descriptor_(
          ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600))
{
    if (descriptor_ < 0) {
        refuse_file(part_, system_reason());
    }
    const int for_zlib = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0); // the other one is for fsync
    file_ = for_zlib < 0 ? nullptr : gzdopen(for_zlib, "wb6");
    if (file_ == nullptr) {
        refuse_file(part_, system_reason());
    }
    gzbuffer(static_cast<gzFile>(file_), gzip_buffer_bytes);
}

OutputFile::~OutputFile()
{
    if (file_ != nullptr) {
        gzclose(static_cast<gzFile>(file_));
    }
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        ::unlink(part_.c_str());
    }
}

void OutputFile::write(std::string_view bytes)
{
    if (bytes.empty()) {
        return;
    }
    const auto size = static_cast<unsigned>(bytes.size());
    if (gzwrite(static_cast<gzFile>(file_), bytes.data(), size) != static_cast<int>(size)) {
        refuse_file(part_, system_reason());
    }
}

void OutputFile::close()
{
    const int closed = gzclose(static_cast<gzFile>(file_));
    file_ = nullptr;
    if (closed != Z_OK || ::fsync(descriptor_) != 0) {
        refuse_file(part_, system_reason());
    }
}

void OutputFile::keep(const std::string &suffix)
{
    const std::string name = path_ + suffix;
    if (::rename(part_.c_str(), name.c_str()) != 0) {
        refuse_file(name, system_reason());
    }
    ::close(descriptor_);
    descriptor_ = -1;
    const std::string folder = std::filesystem::path(name).parent_path().string();
    const int handle =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle >= 0) {
        ::fsync(handle); // some file systems can't; the file itself is on disk by then
        ::close(handle);
    }
}

} // namespace smartflow
