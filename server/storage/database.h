#pragma once

#include "platform/log.h"
#include "platform/result.h"
#include "server/storage/writer_queue.h"

#include <Poco/Data/Session.h>
#include <Poco/Exception.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

struct sqlite3;

namespace keyfob::server::storage {

using Value = std::variant<std::int64_t, std::string>;

/// One row of a result; columns by position. Our tables have no NULL.
class Row {
public:
    explicit Row(std::vector<Value> values) : m_values(std::move(values)) {}
    [[nodiscard]] std::int64_t integer(std::size_t column) const;
    [[nodiscard]] const std::string& text(std::size_t column) const {
        return std::get<std::string>(m_values.at(column));
    }
    /// The same, which the row no longer has.
    [[nodiscard]] std::string take_text(std::size_t column) {
        return std::move(std::get<std::string>(m_values.at(column)));
    }

private:
    std::vector<Value> m_values;
};

/// One connection, lent by Database to one thread at a time: the one way to run SQL. Placeholders are `$1`, `$2` …; values are copied;
/// a text with a NUL octet is refused. Throws Poco::Exception; Database turns that into a Result.
class Connection {
public:
    explicit Connection(Poco::Data::Session session) : m_session(std::move(session)) {}
    [[nodiscard]] std::vector<Row> query(const std::string& sql, std::initializer_list<Value> values = {});
    /// The number of rows that were changed.
    int execute(const std::string& sql, std::initializer_list<Value> values = {});
    [[nodiscard]] bool in_transaction() const;
    /// SQLite's own, for what Poco has no word for; not to be closed.
    [[nodiscard]] sqlite3* handle() const;

private:
    Poco::Data::Session m_session;
};

struct DatabaseOptions {
    std::string file;
    std::size_t connections = 8;
    std::chrono::milliseconds patience{5'000}; ///< for a lock of another process, and for a free connection (KS-09)
    std::size_t waiting_writers = 6; ///< who may wait for a writer that is stuck: fewer than there are fast threads
    std::chrono::milliseconds stuck_after{500}; ///< a writer that holds its turn for longer is
};

/// A SQLite file (KS-07): WAL, synchronous=FULL, foreign keys, secure delete, mode 0600. One writer at a time in this process, so that the
/// lock of SQLite, which can only be polled, is met by other processes alone. Thread-safe.
class Database {
public:
    /// Errors: unreachable (cannot be opened or made; the message names the file).
    [[nodiscard]] static platform::Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);

    [[nodiscard]] const std::string& file() const { return m_options.file; }

    /// A connection of the caller's own, for which it waits for nobody. Throws Poco::Exception.
    [[nodiscard]] std::unique_ptr<Connection> open_connection() const {
        return std::make_unique<Connection>(connect());
    }
    /// Runs what uses such a connection. Errors: as for read().
    template <typename Run> static auto guard(Run run) { return guarded<std::invoke_result_t<Run>>(std::move(run)); }

    /// Runs `work(Connection&)`. Errors: unreachable, whatever the database's reason; it is logged here.
    template <typename Work> auto read(Work work) {
        return guarded<std::invoke_result_t<Work, Connection&>>([&] {
            const Lease lease(*this);
            return work(lease.connection());
        });
    }
    /// Like read(), in one BEGIN IMMEDIATE transaction: committed when `work` returns, rolled back when it throws.
    template <typename Work> auto write(Work work) {
        return guarded<std::invoke_result_t<Work, Connection&>>([&] {
            const WriterTurn turn(m_writers);
            const Lease lease(*this);
            Transaction transaction(lease.connection());
            auto result = work(lease.connection());
            transaction.commit();
            return result;
        });
    }

private:
    explicit Database(DatabaseOptions options)
        : m_options(std::move(options)),
          m_writers({m_options.patience, m_options.waiting_writers, m_options.stuck_after}) {}
    [[nodiscard]] Connection connect() const;
    [[nodiscard]] std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection);

    class Lease {
    public:
        explicit Lease(Database& database);
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease();
        [[nodiscard]] Connection& connection() const { return *m_connection; }

    private:
        Database& m_database;
        std::unique_ptr<Connection> m_connection;
    };
    class WriterTurn {
    public:
        explicit WriterTurn(WriterQueue& queue);
        WriterTurn(const WriterTurn&) = delete;
        WriterTurn& operator=(const WriterTurn&) = delete;
        ~WriterTurn() { m_queue.leave(); }

    private:
        WriterQueue& m_queue;
    };
    class Transaction {
    public:
        explicit Transaction(Connection& connection);
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;
        ~Transaction();
        void commit();

    private:
        Connection& m_connection;
        bool m_open = true;
    };

    template <typename T, typename Run> static platform::Result<T> guarded(Run run) {
        try {
            if constexpr (std::is_void_v<T>) {
                run();
                return {};
            } else {
                return run();
            }
        } catch (const std::exception& exception) {
            return failure(exception);
        }
    }
    [[nodiscard]] static platform::Error failure(const std::exception& exception);

    const DatabaseOptions m_options;
    WriterQueue m_writers;
    std::mutex m_mutex;
    std::condition_variable m_free;
    std::vector<std::unique_ptr<Connection>> m_idle; ///< null: one that was dropped, to be opened anew
};

} // namespace keyfob::server::storage
