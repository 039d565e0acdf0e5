#include "server/storage/session_lookup.h"

#include "server/storage/commit_watch.h"
#include "server/storage/prepared_query.h"
#include "server/storage/rows.h"

#include <mutex>
#include <optional>
#include <unordered_map>

namespace keyfob::server::storage {
namespace {

using platform::Result;
using signin::SessionPtr;

constexpr std::size_t k_parts = 8;
constexpr std::size_t k_remembered = 2'048; ///< sessions in each part, of about 1 KiB
/// Readers wait for nobody in WAL mode but for whoever repairs the index, which takes milliseconds.
constexpr const char* k_patience = "PRAGMA busy_timeout = 100";

std::string query_text() {
    return std::string("SELECT ") + k_session_columns +
           ", c.expires_at FROM cookies c JOIN sessions s ON s.row = c.session_row JOIN users u ON u.id = s.user_id "
           "WHERE c.hash = $1";
}

} // namespace

class SessionLookup::Part {
public:
    explicit Part(Database& database) : m_database(database) {}

    [[nodiscard]] Result<void> open() {
        return m_database.guard([this] { reopen(); });
    }

    [[nodiscard]] Result<SessionPtr> find(const std::string& cookie_hash, std::int64_t idle_since, std::int64_t now) {
        return m_database.guard([&]() -> SessionPtr {
            const std::lock_guard lock(m_mutex);
            const Found found = look_up(cookie_hash);
            return found.is_live(idle_since, now) ? found.owner : nullptr;
        });
    }

private:
    struct Found {
        SessionPtr owner; ///< null: no such cookie
        std::int64_t cookie_expires_at = 0;

        [[nodiscard]] bool is_live(std::int64_t idle_since, std::int64_t now) const {
            if (!owner || cookie_expires_at <= now || owner->user.disabled)
                return false;
            const signin::Session& session = owner->session;
            return session.revoked_at == 0 && session.expires_at > now && session.renewed_at > idle_since;
        }
    };
    struct Remembered {
        Found found;
        CommitWatch::Snapshot seen{}; ///< before it was read
    };

    void reopen() {
        m_remembered.clear();
        m_query.reset(); // both refer to the connection
        m_watch.reset();
        m_connection = m_database.open_connection();
        m_connection->execute(k_patience);
        m_watch.emplace(*m_connection);
        m_query.emplace(*m_connection, query_text());
    }

    [[nodiscard]] Found look_up(const std::string& cookie_hash) {
        if (!m_query)
            reopen();
        const auto seen = m_watch->snapshot();
        if (const auto known = m_remembered.find(cookie_hash); known != m_remembered.end()) {
            if (seen && known->second.seen == *seen)
                return known->second.found;
            m_remembered.erase(known);
        }
        Found found = read(cookie_hash);
        if (found.owner && seen) // what is not there is not remembered: guesses would push out everybody else
            remember(cookie_hash, {found, *seen});
        return found;
    }

    [[nodiscard]] Found read(const std::string& cookie_hash) {
        try {
            auto row = m_query->first({cookie_hash});
            if (!row)
                return {};
            return {std::make_shared<const signin::SessionWithUser>(session_of(*row)),
                    row->integer(k_session_columns_count)};
        } catch (...) {
            m_query.reset(); // the next one opens the database anew
            throw;
        }
    }

    void remember(const std::string& cookie_hash, Remembered entry) {
        if (m_remembered.size() >= k_remembered)
            m_remembered.erase(m_remembered.begin());
        m_remembered.emplace(cookie_hash, std::move(entry));
    }

    Database& m_database;
    std::mutex m_mutex;
    std::unique_ptr<Connection> m_connection;
    std::optional<CommitWatch> m_watch;
    std::optional<PreparedQuery> m_query; ///< unset: the connection is to be opened anew
    std::unordered_map<std::string, Remembered> m_remembered;
};

Result<std::unique_ptr<SessionLookup>> SessionLookup::open(Database& database) {
    std::vector<std::unique_ptr<Part>> parts;
    for (std::size_t i = 0; i < k_parts; ++i) {
        parts.push_back(std::make_unique<Part>(database));
        KEYFOB_TRY(parts.back()->open());
    }
    return std::unique_ptr<SessionLookup>(new SessionLookup(std::move(parts)));
}

SessionLookup::SessionLookup(std::vector<std::unique_ptr<Part>> parts) : m_parts(std::move(parts)) {}
SessionLookup::~SessionLookup() = default;

Result<SessionPtr> SessionLookup::find(const std::string& cookie_hash, std::int64_t idle_since, std::int64_t now) {
    const std::size_t part = cookie_hash.empty() ? 0 : static_cast<unsigned char>(cookie_hash.front()) % m_parts.size();
    return m_parts[part]->find(cookie_hash, idle_since, now);
}

} // namespace keyfob::server::storage
