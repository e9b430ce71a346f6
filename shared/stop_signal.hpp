#ifndef SMARTFLOW_STOP_SIGNAL_HPP
#define SMARTFLOW_STOP_SIGNAL_HPP

#include <csignal>

namespace smartflow {

/// SIGTERM and SIGINT as a descriptor to be waited for among others (signalfd): while one of these
/// lives they end nothing. Make it before any thread.
class StopSignal
{
public:
    /// \throws std::runtime_error when the kernel has no descriptor left
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal &) = delete;
    StopSignal &operator=(const StopSignal &) = delete;

    /// Becomes and stays readable when one of the signals has come.
    int descriptor() const noexcept { return descriptor_; }

    /// Whether one has come.
    bool requested() const noexcept { return wait(0); }

    /// Waits for one. \param timeout_ms at most so long \returns whether one has come
    bool wait(int timeout_ms) const noexcept;

private:
    sigset_t before_{};
    int descriptor_ = -1;
};

} // namespace smartflow

#endif
