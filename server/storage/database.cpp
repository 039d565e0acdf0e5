#include "server/storage/database.h"

#include "platform/unique_fd.h"

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Statement.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace keyfob::server::storage {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

Poco::Data::Statement prepare(Poco::Data::Session& session, const std::string& sql,
                              std::initializer_list<Value> values) {
    Poco::Data::Statement statement(session);
    statement << sql;
    for (const Value& value : values) {
        if (const auto* text = std::get_if<std::string>(&value);
            text != nullptr && text->find('\0') != std::string::npos)
            throw Poco::DataFormatException("a text with a NUL octet"); // Poco would read it back cut off there
        std::visit([&](const auto& typed) { statement.addBind(Poco::Data::Keywords::bind(typed)); }, value);
    }
    return statement;
}

Value to_value(const Poco::Dynamic::Var& var) {
    if (var.isString())
        return var.extract<std::string>();
    return static_cast<std::int64_t>(var.convert<Poco::Int64>());
}

std::string describe(const std::exception& exception) {
    const auto* poco = dynamic_cast<const Poco::Exception*>(&exception);
    return poco != nullptr ? poco->displayText() : exception.what();
}

Error cannot_open(const std::string& file) {
    return {ErrorKind::unreachable,
            "cannot open the database " + file + ": " + std::strerror(errno), // NOLINT(concurrency-mt-unsafe)
            "its directory must exist and belong to the user who runs the server"};
}

/// Makes the file before SQLite does, because that would go by the umask; -wal and -shm get the mode of the file. A file that exists is not
/// opened here: to close it would drop every lock that this process has on it (sqlite.org/howtocorrupt.html, section 2.2).
Result<void> prepare_file(const std::string& file) {
    const platform::UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (made)
        return ::fchmod(made.get(), 0600) == 0 ? Result<void>() : cannot_open(file);
    struct stat status {};
    if (errno != EEXIST || ::lstat(file.c_str(), &status) != 0)
        return cannot_open(file);
    if (!S_ISREG(status.st_mode))
        return Error{ErrorKind::unreachable, "cannot open the database " + file + ": it is no regular file",
                     "name the file itself, not a link or a directory"};
    if ((status.st_mode & 07777U) != 0600 && ::chmod(file.c_str(), 0600) != 0)
        return cannot_open(file);
    return {};
}

/// Without what all connections of the process would wait for at every call: the count of the memory in use, and locks for connections that several
/// threads share, which ours never do. SQLite takes this only before it is used for the first time.
void prepare_sqlite() {
    ::sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    Poco::Data::SQLite::Connector::registerConnector();
}

} // namespace

std::int64_t Row::integer(std::size_t column) const {
    const Value& value = m_values.at(column);
    if (const auto* text = std::get_if<std::string>(&value))
        return std::stoll(*text); // Poco gives the value of an expression, which has no declared type, as text
    return std::get<std::int64_t>(value);
}

std::vector<Row> Connection::query(const std::string& sql, std::initializer_list<Value> values) {
    Poco::Data::Statement statement = prepare(m_session, sql, values);
    statement.execute();
    const Poco::Data::RecordSet records(statement);
    std::vector<Row> rows;
    for (std::size_t row = 0; row < records.rowCount(); ++row) {
        std::vector<Value> columns;
        for (std::size_t column = 0; column < records.columnCount(); ++column)
            columns.push_back(to_value(records.value(column, row)));
        rows.emplace_back(std::move(columns));
    }
    return rows;
}

int Connection::execute(const std::string& sql, std::initializer_list<Value> values) {
    Poco::Data::Statement statement = prepare(m_session, sql, values);
    return static_cast<int>(statement.execute());
}

bool Connection::in_transaction() const {
    return ::sqlite3_get_autocommit(handle()) == 0;
}

sqlite3* Connection::handle() const {
    return Poco::Data::SQLite::Utility::dbHandle(m_session);
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
    static std::once_flag prepared;
    std::call_once(prepared, prepare_sqlite);
    KEYFOB_TRY(prepare_file(options.file));
    std::unique_ptr<Database> database(new Database(options));
    try {
        for (std::size_t i = 0; i < options.connections; ++i)
            database->m_idle.push_back(database->open_connection());
    } catch (const std::exception& exception) {
        return Error{ErrorKind::unreachable, "cannot open the database " + options.file + ": " + describe(exception),
                     "is it a database of keyfob, and is there space on its disk?"};
    }
    return database;
}

Connection Database::connect() const {
    Connection connection{Poco::Data::Session("SQLite", m_options.file)};
    connection.execute("PRAGMA busy_timeout = " + std::to_string(m_options.patience.count()));
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
                               "PRAGMA secure_delete = ON", "PRAGMA trusted_schema = OFF",
                               "PRAGMA journal_size_limit = 16777216"}) // a log that a burst has grown is cut again
        connection.execute(pragma);
    return connection;
}

Error Database::failure(const std::exception& exception) {
    platform::log::error("database_failed", {{"reason", describe(exception)}});
    return {ErrorKind::unreachable, "the database does not answer"};
}

std::unique_ptr<Connection> Database::take() {
    std::unique_lock lock(m_mutex);
    if (!m_free.wait_for(lock, m_options.patience, [&] { return !m_idle.empty(); }))
        throw Poco::TimeoutException("no connection is free");
    auto connection = std::move(m_idle.back());
    m_idle.pop_back();
    return connection;
}

void Database::give_back(std::unique_ptr<Connection> connection) {
    {
        const std::lock_guard lock(m_mutex);
        m_idle.push_back(std::move(connection));
    }
    m_free.notify_one();
}

Database::Lease::Lease(Database& database) : m_database(database), m_connection(database.take()) {
    if (m_connection)
        return;
    try {
        m_connection = database.open_connection();
    } catch (...) {
        database.give_back(nullptr); // the next one tries again
        throw;
    }
}

/// A connection inside a transaction would fail for everybody after us, and hold a lock until then.
Database::Lease::~Lease() {
    if (m_connection->in_transaction()) {
        platform::log::error("connection_dropped", {{"reason", "its transaction did not end"}});
        m_connection.reset();
    }
    m_database.give_back(std::move(m_connection));
}

Database::WriterTurn::WriterTurn(WriterQueue& queue) : m_queue(queue) {
    if (!m_queue.enter())
        throw Poco::TimeoutException("other writers take too long");
}

Database::Transaction::Transaction(Connection& connection) : m_connection(connection) {
    m_connection.execute(
        "BEGIN IMMEDIATE"); // Poco's own begins are deferred, which can fail half-way (poco-pitfalls 33)
}

void Database::Transaction::commit() {
    m_connection.execute("COMMIT");
    m_open = false;
}

Database::Transaction::~Transaction() {
    if (!m_open || !m_connection.in_transaction()) // a full disk or an I/O error has rolled back already
        return;
    try {
        m_connection.execute("ROLLBACK");
    } catch (const std::exception& exception) {
        platform::log::error("rollback_failed", {{"reason", describe(exception)}});
    }
}

} // namespace keyfob::server::storage
