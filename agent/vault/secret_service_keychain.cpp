#include "agent/vault/keychain.h"

#include "agent/vault/keychain_error.h"
#include "platform/log.h"

#include <gio/gio.h>
#include <libsecret/secret.h>

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::Result;
using platform::SecretString;

const SecretSchema k_schema = {"org.keyfob.Account",
                               SECRET_SCHEMA_NONE,
                               {{"id", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                {"server", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                {"user", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                {nullptr, SECRET_SCHEMA_ATTRIBUTE_STRING}},
                               0,
                               nullptr,
                               nullptr,
                               nullptr,
                               nullptr,
                               nullptr,
                               nullptr,
                               nullptr};

template <typename T> struct Unref {
    void operator()(T* object) const { g_object_unref(object); }
};
template <typename T> using Ref = std::unique_ptr<T, Unref<T>>;
struct FreeError {
    void operator()(GError* error) const { g_error_free(error); }
};
using ErrorPtr = std::unique_ptr<GError, FreeError>;
struct FreeTable {
    void operator()(GHashTable* table) const { g_hash_table_unref(table); }
};
using Table = std::unique_ptr<GHashTable, FreeTable>;

class SecretServiceKeychain;

/// One call: its deadline, and the way back. Lives until libsecret has answered, whatever happened meanwhile: a cancelled call may come back
/// late, behind a bus that does not even greet.
struct Operation {
    SecretServiceKeychain* keychain = nullptr; ///< null: the caller was answered, or has gone
    Ref<GCancellable> cancellable{g_cancellable_new()};
    guint timer = 0;
    std::function<void(Operation&, SecretService*)> run; ///< once the service is there
    std::function<void(const Error&)> fail;              ///< tells the caller of any failure on the way
    std::function<void(Operation&, GObject*, GAsyncResult*)> finish;
};

/// The value of one attribute.
std::string attribute(GHashTable* attributes, const char* name) {
    const auto* value = static_cast<const char*>(g_hash_table_lookup(attributes, name));
    return value != nullptr ? value : "";
}

std::optional<KeychainItem> to_keychain_item(SecretItem* item) {
    SecretValue* value = secret_item_get_secret(item);
    if (value == nullptr)
        return std::nullopt;
    gsize length = 0;
    const char* text = secret_value_get(value, &length);
    const Table attributes(secret_item_get_attributes(item));
    char* label = secret_item_get_label(item);
    KeychainItem result{
        attribute(attributes.get(), "id"), label != nullptr ? label : "", {}, SecretString(std::string(text, length))};
    g_free(label);
    for (const char* name : {"server", "user"})
        result.attributes[name] = attribute(attributes.get(), name);
    secret_value_unref(value);
    return result;
}

/// Owns the items of a search.
class Items {
public:
    explicit Items(GList* list) : m_list(list) {}
    Items(const Items&) = delete;
    Items& operator=(const Items&) = delete;
    ~Items() { g_list_free_full(m_list, g_object_unref); }
    [[nodiscard]] std::vector<SecretItem*> all() const {
        std::vector<SecretItem*> items;
        for (GList* node = m_list; node != nullptr; node = node->next)
            items.push_back(static_cast<SecretItem*>(node->data));
        return items;
    }

private:
    GList* m_list;
};

class SecretServiceKeychain final : public Keychain {
public:
    explicit SecretServiceKeychain(std::chrono::milliseconds deadline) : m_deadline(deadline) {}
    SecretServiceKeychain(const SecretServiceKeychain&) = delete;
    SecretServiceKeychain& operator=(const SecretServiceKeychain&) = delete;
    ~SecretServiceKeychain() override {
        for (Operation* operation : std::exchange(m_running, {}))
            abandon(operation);
    }

    [[nodiscard]] std::string tier() const override { return "secret-service"; }

    void load_all(Callback<std::vector<KeychainItem>> done) override {
        const auto report = share(std::move(done));
        begin(
            [this, report](Operation& operation, SecretService* service) {
                search(operation, service, "", [this, report](Operation& found, const Items& items) {
                    std::vector<KeychainItem> all;
                    for (SecretItem* item : items.all()) {
                        if (secret_item_get_locked(item) != 0)
                            return end(found, *report, Result<std::vector<KeychainItem>>(locked()));
                        if (auto one = to_keychain_item(item))
                            all.push_back(std::move(*one));
                    }
                    end(found, *report, Result<std::vector<KeychainItem>>(std::move(all)));
                });
            },
            [report](const Error& error) { (*report)(error); });
    }

    void probe(Callback<void> done) override {
        const auto report = share(std::move(done));
        begin(
            [this, report](Operation& operation, SecretService* service) {
                with_collection(operation, service, [this, report](Operation& found, SecretCollection*) {
                    end(found, *report, Result<void>());
                });
            },
            [report](const Error& error) { (*report)(error); });
    }

    void store(KeychainItem item, Callback<void> done) override {
        const auto report = share(std::move(done));
        const auto kept = std::make_shared<KeychainItem>(std::move(item));
        begin(
            [this, report, kept](Operation& operation, SecretService* service) {
                with_collection(operation, service,
                                [this, report, kept](Operation& found, SecretCollection* collection) {
                                    create(found, collection, *kept, *report);
                                });
            },
            [report](const Error& error) { (*report)(error); });
    }

    void erase(const std::string& id, Callback<void> done) override {
        const auto report = share(std::move(done));
        begin(
            [this, report, id](Operation& operation, SecretService* service) {
                search(operation, service, id, [this, report](Operation& found, const Items& items) {
                    std::vector<Ref<SecretItem>> all;
                    for (SecretItem* item : items.all()) {
                        if (secret_item_get_locked(item) != 0)
                            return end(found, *report, Result<void>(locked()));
                        all.emplace_back(SECRET_ITEM(g_object_ref(item)));
                    }
                    remove(found, std::make_shared<std::vector<Ref<SecretItem>>>(std::move(all)), *report);
                });
            },
            [report](const Error& error) { (*report)(error); });
    }

private:
    template <typename T> static std::shared_ptr<Callback<T>> share(Callback<T> done) {
        return std::make_shared<Callback<T>>(std::move(done));
    }

    static void stop_timer(Operation& operation) {
        if (operation.timer != 0)
            g_source_remove(operation.timer);
        operation.timer = 0;
    }

    /// Every call begins with the service: libsecret keeps one proxy, and makes a new one after it was dropped.
    void begin(std::function<void(Operation&, SecretService*)> run, std::function<void(const Error&)> fail) {
        auto* operation = new Operation; // NOLINT(cppcoreguidelines-owning-memory): drop() deletes it
        operation->keychain = this;
        operation->run = std::move(run);
        operation->fail = std::move(fail);
        operation->timer = g_timeout_add(
            static_cast<guint>(m_deadline.count()),
            [](void* data) -> gboolean {
                auto* late = static_cast<Operation*>(data);
                late->timer = 0;
                give_up(late);
                return G_SOURCE_REMOVE;
            },
            operation);
        m_running.push_back(operation);
        operation->finish = [](Operation& self, GObject*, GAsyncResult* result) {
            GError* error = nullptr;
            const Ref<SecretService> service(secret_service_get_finish(result, &error));
            if (!service)
                return fail_with(self, error);
            never_exit_with_the_bus(service.get());
            self.run(self, service.get());
        };
        secret_service_get(SECRET_SERVICE_OPEN_SESSION, operation->cancellable.get(), &on_ready, operation);
    }

    /// GLib would end the process when the session bus goes away.
    static void never_exit_with_the_bus(SecretService* service) {
        if (GDBusConnection* bus = g_dbus_proxy_get_connection(G_DBUS_PROXY(service)))
            g_dbus_connection_set_exit_on_close(bus, FALSE);
    }

    static void on_ready(GObject* source, GAsyncResult* result, void* data) {
        auto* operation = static_cast<Operation*>(data);
        if (operation->keychain == nullptr)
            return drop(operation);
        const auto finish = std::move(operation->finish);
        finish(*operation, source, result);
    }

    static void drop(Operation* operation) {
        stop_timer(*operation);
        delete operation; // NOLINT(cppcoreguidelines-owning-memory)
    }

    /// Nobody waits for it any more; on_ready() drops it.
    static void abandon(Operation* operation) {
        operation->keychain = nullptr;
        stop_timer(*operation);
        g_cancellable_cancel(operation->cancellable.get());
    }

    /// The deadline is over.
    static void give_up(Operation* operation) {
        const auto fail = std::move(operation->fail);
        std::erase(operation->keychain->m_running, operation);
        abandon(operation);
        report_failure(fail, timed_out());
    }

    static void fail_with(Operation& operation, GError* raw) {
        const ErrorPtr error(raw);
        fail_with(operation, keychain_error(*error));
    }

    static void fail_with(Operation& operation, const Error& what) {
        const auto fail = std::move(operation.fail);
        std::erase(operation.keychain->m_running, &operation);
        drop(&operation);
        report_failure(fail, what);
    }

    static void report_failure(const std::function<void(const Error&)>& fail, const Error& what) {
        platform::log::info("keychain_failed", {{"reason", what.message}, {"code", what.code}});
        secret_service_disconnect(); // the next call begins anew
        fail(what);
    }

    template <typename T> void end(Operation& operation, const Callback<T>& report, Result<T> result) {
        const Callback<T> callback = report; // outlives the operation that holds it
        std::erase(m_running, &operation);
        drop(&operation);
        callback(std::move(result));
    }

    using Found = std::function<void(Operation&, const Items&)>;
    /// All our items, or those with `id`; secrets are loaded where they are not locked.
    static void search(Operation& operation, SecretService* service, const std::string& id, Found found) {
        const Table attributes(g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free));
        if (!id.empty())
            g_hash_table_insert(attributes.get(), g_strdup("id"), g_strdup(id.c_str()));
        operation.finish = [found = std::move(found)](Operation& self, GObject* source, GAsyncResult* result) {
            GError* error = nullptr;
            GList* list = secret_service_search_finish(SECRET_SERVICE(source), result, &error);
            if (error != nullptr)
                return fail_with(self, error);
            const Items items(list);
            found(self, items);
        };
        secret_service_search(service, &k_schema, attributes.get(),
                              static_cast<SecretSearchFlags>(SECRET_SEARCH_ALL | SECRET_SEARCH_LOAD_SECRETS),
                              operation.cancellable.get(), &on_ready, &operation);
    }

    using WithCollection = std::function<void(Operation&, SecretCollection*)>;
    /// The default collection, if something can be stored in it now: never asks the person to unlock it.
    static void with_collection(Operation& operation, SecretService* service, WithCollection use) {
        operation.finish = [use = std::move(use)](Operation& self, GObject*, GAsyncResult* result) {
            GError* error = nullptr;
            const Ref<SecretCollection> collection(secret_collection_for_alias_finish(result, &error));
            if (error != nullptr)
                return fail_with(self, error);
            if (!collection)
                return fail_with(self, unreachable("it has no default keyring"));
            if (secret_collection_get_locked(collection.get()) != 0)
                return fail_with(self, locked());
            use(self, collection.get());
        };
        secret_collection_for_alias(service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE,
                                    operation.cancellable.get(), &on_ready, &operation);
    }

    void create(Operation& operation, SecretCollection* collection, const KeychainItem& item,
                const Callback<void>& done) {
        const Table attributes(g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free));
        g_hash_table_insert(attributes.get(), g_strdup("id"), g_strdup(item.id.c_str()));
        for (const auto& [name, value] : item.attributes)
            g_hash_table_insert(attributes.get(), g_strdup(name.c_str()), g_strdup(value.c_str()));
        SecretValue* value = secret_value_new(item.secret.reveal().data(),
                                              static_cast<gssize>(item.secret.reveal().size()), "text/plain");
        operation.finish = [this, done](Operation& self, GObject*, GAsyncResult* result) {
            GError* error = nullptr;
            const Ref<SecretItem> made(secret_item_create_finish(result, &error));
            if (error != nullptr)
                return fail_with(self, error);
            end(self, done, Result<void>());
        };
        secret_item_create(collection, &k_schema, attributes.get(), item.label.c_str(), value,
                           SECRET_ITEM_CREATE_REPLACE, operation.cancellable.get(), &on_ready, &operation);
        secret_value_unref(value);
    }

    /// One after the other. There are two where an attribute has changed: libsecret replaces only what is the same in all of them.
    void remove(Operation& operation, const std::shared_ptr<std::vector<Ref<SecretItem>>>& left,
                const Callback<void>& done) {
        if (left->empty())
            return end(operation, done, Result<void>());
        const Ref<SecretItem> item = std::move(left->back());
        left->pop_back();
        operation.finish = [this, left, done](Operation& self, GObject* source, GAsyncResult* result) {
            GError* error = nullptr;
            secret_item_delete_finish(SECRET_ITEM(source), result, &error);
            if (error != nullptr && !is_gone(*error))
                return fail_with(self, error);
            g_clear_error(&error);
            remove(self, left, done);
        };
        secret_item_delete(item.get(), operation.cancellable.get(), &on_ready, &operation);
    }

    const std::chrono::milliseconds m_deadline;
    std::vector<Operation*> m_running;
};

} // namespace

std::unique_ptr<Keychain> make_secret_service_keychain(std::chrono::milliseconds deadline) {
    return std::make_unique<SecretServiceKeychain>(deadline);
}

} // namespace keyfob::agent::vault
