#ifndef SMARTFLOW_SERVICE_MANAGER_HPP
#define SMARTFLOW_SERVICE_MANAGER_HPP

namespace smartflow {

/// Tells the service manager that started this program (NOTIFY_SOCKET, as sd_notify(3) describes
/// it) how it is. Without one, or when it doesn't listen, nothing happens.
/// \param state such as "READY=1" or "STOPPING=1"
void tell_service_manager(const char *state) noexcept;

} // namespace smartflow

#endif
