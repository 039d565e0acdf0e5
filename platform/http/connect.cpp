#include "platform/http/connect.h"

#include "platform/clock.h"

#include <Poco/Net/NetException.h>

namespace keyfob::platform::http {
namespace {

using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

Result<StreamSocket> connect_one(const SocketAddress& address, std::chrono::microseconds longest) {
    try {
        StreamSocket socket(address.family());
        socket.connect(address, Poco::Timespan(longest.count()));
        socket.setNoDelay(true);
        return socket;
    } catch (const Poco::TimeoutException&) {
        return Error{ErrorKind::timed_out, "it did not answer in time"};
    } catch (const Poco::Exception& exception) {
        return Error{ErrorKind::unreachable,
                     exception.message().empty() ? exception.displayText() : std::string(exception.name())};
    }
}

} // namespace

Result<StreamSocket> connect_any(const std::vector<SocketAddress>& addresses, std::chrono::milliseconds longest) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + longest;
    Result<StreamSocket> last = Error{ErrorKind::unreachable, "no address"};
    auto after = static_cast<std::int64_t>(addresses.size());
    for (const SocketAddress& address : addresses) {
        const auto left =
            std::chrono::ceil<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now()) / after--;
        if (left.count() <= 0)
            return Error{ErrorKind::timed_out, "it did not answer in time"};
        last = connect_one(address, left);
        if (last)
            return last;
    }
    return last;
}

} // namespace keyfob::platform::http
