#include "server/http/device_pages.h"

#include "server/http/page_frame.h"

namespace keyfob::server::http::pages {
namespace {

constexpr const char* k_enter =
    R"({{#problem}}<p class="warning" role="alert">{{problem}}</p>
{{/problem}}<p>Type the code that your terminal shows.</p>
<form method="post" action="/device" autocomplete="off">
<input type="hidden" name="csrf" value="{{csrf}}">
<label for="user_code">Code</label>
<input class="code" id="user_code" name="user_code" type="text" required autofocus autocomplete="off" autocapitalize="characters"
 spellcheck="false" maxlength="32">
<button>Go on</button>
</form>
<p class="note">Did somebody send you the code? Then it is theirs: to go on would give them your account. Close this page.</p>)";

constexpr const char* k_device =
    R"(<dt>Device (as it calls itself)</dt><dd>{{device}}{{#os}}, {{os}}{{/os}}</dd>
)";
constexpr const char* k_program =
    R"(<dt>Program (nobody can check that it is this one)</dt><dd>{{device}}, unbound: whoever gets hold of its access can use it from anywhere until it ends</dd>
)";
constexpr const char* k_origin =
    R"(<dt>Address of the device</dt><dd>{{address}}</dd>
<dt>Started</dt><dd>{{age}} ago</dd>
</dl>)";

constexpr const char* k_choose_begin =
    R"(<p>The code belongs to this device, which asks to be signed in as you:</p>
<dl>
)";
constexpr const char* k_choose_end =
    R"(
<p>Is that the terminal in front of you? Then choose who knows you:</p>
<ul class="choices">
{{#providers}}<li><a class="button" href="/authorize/{{id}}?flow={{flow}}">{{name}}</a></li>
{{/providers}}</ul>
<p class="note">You do not know this device? Close this page, and nothing happens.</p>)";

constexpr const char* k_confirm_begin =
    R"(<p class="warning"><strong>Whoever sits at this device will be signed in as you.</strong> If somebody else sent you the code, or told you to type it, by mail, in
a chat or on the phone, then it is their device, and approving gives them your account. Decline.</p>
<p>Approve only if you have just run the command yourself, and what is written here is the terminal in front of you:</p>
<dl>
<dt>Account</dt><dd>{{account}}</dd>
<dt>Signed in with</dt><dd>{{provider}}</dd>
)";
constexpr const char* k_confirm_end =
    R"(
<form method="post" action="/confirm">
<input type="hidden" name="flow" value="{{flow}}">
<input type="hidden" name="csrf" value="{{csrf}}">
<button name="decision" value="decline">Decline</button>
<button name="decision" value="approve">Approve</button>
</form>)";

constexpr const char* k_approved =
    R"(<p>The terminal goes on by itself within a few seconds. You can close this page.</p>
<p class="note">No terminal of yours says so? Then somebody else is signed in as you: end that session (<code>)" KEYFOB_CLI_NAME
    R"( sessions</code>), or tell whoever runs this server.</p>)";

constexpr const char* k_refused = R"(<p>Nothing was signed in. The terminal says why. You can close this page.</p>)";

void set_device(mustache::data& values, const signin::Pairing& pairing, std::int64_t now) {
    values.set("device", pairing.device_name);
    if (!pairing.device_os.empty())
        values.set("os", pairing.device_os);
    values.set("address", pairing.client_address);
    values.set("age", age_text(now - pairing.created_at));
    values.set("flow", pairing.flow_id);
}

std::string around_device(const char* begin, const signin::Pairing& pairing, const char* end) {
    return std::string(begin) + (pairing.client_id.empty() ? k_device : k_program) + k_origin + end;
}

} // namespace

std::string enter_user_code(const std::string& csrf_token, const std::string& problem) {
    mustache::data values;
    values.set("csrf", csrf_token);
    if (!problem.empty())
        values.set("problem", problem);
    return framed("Sign in a device", render(k_enter, values));
}

std::string choose_provider_for_device(const signin::Providers& providers, const signin::Flow& flow, std::int64_t now) {
    mustache::data list{mustache::data::type::list};
    for (const auto& provider : providers.all()) {
        mustache::data entry;
        entry.set("id", provider->id());
        entry.set("name", provider->display_name());
        entry.set("flow", flow.pairing.flow_id);
        list << entry;
    }
    mustache::data values;
    set_device(values, flow.pairing, now);
    values.set("providers", list);
    return framed("Sign in this device?", render(around_device(k_choose_begin, flow.pairing, k_choose_end), values));
}

std::string confirm_device(const signin::Confirmation& confirmation, std::int64_t now) {
    mustache::data values;
    set_device(values, confirmation.pairing, now);
    values.set("account", account_text(confirmation.user));
    values.set("provider", confirmation.provider_name);
    values.set("csrf", confirmation.csrf_token);
    return framed("Sign in this device?",
                  render(around_device(k_confirm_begin, confirmation.pairing, k_confirm_end), values));
}

std::string device_approved() {
    return framed("Approved", k_approved);
}

std::string device_refused() {
    return framed("Not signed in", k_refused);
}

} // namespace keyfob::server::http::pages
