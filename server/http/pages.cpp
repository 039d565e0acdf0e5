#include "server/http/pages.h"

#include "server/http/page_frame.h"

namespace keyfob::server::http::pages {
namespace {

namespace mustache = kainjow::mustache;

constexpr const char* k_choose =
    R"(<p>{{^is_client}}A terminal on {{/is_client}}<strong>{{device}}</strong> asks to sign in. Choose who knows you:</p>
<ul class="choices">
{{#providers}}<li><a class="button" href="/authorize/{{id}}?flow={{flow}}">{{name}}</a></li>
{{/providers}}</ul>
<p class="note">You did not start this? Close this page, and nothing happens.</p>)";

constexpr const char* k_confirm =
    R"(<p>A terminal asks to be signed in as you. Approve only if you have just typed the command yourself.</p>
<dl>
<dt>Account</dt><dd>{{account}}</dd>
<dt>Signed in with</dt><dd>{{provider}}</dd>
<dt>Device (as it calls itself)</dt><dd>{{device}}{{#os}}, {{os}}{{/os}}</dd>
<dt>Address of the device</dt><dd>{{address}}</dd>
<dt>Started</dt><dd>{{age}} ago</dd>
</dl>)";

constexpr const char* k_decision = R"(
<form method="post" action="/confirm">
<input type="hidden" name="flow" value="{{flow}}">
<input type="hidden" name="csrf" value="{{csrf}}">
<button name="decision" value="decline">Decline</button>
<button name="decision" value="approve">Approve</button>
</form>)";

constexpr const char* k_confirm_client =
    R"(<p><strong>{{program}}</strong> asks to be signed in as you. Approve only if you have just asked that program for it yourself, on this computer.</p>
<p>This program is <strong>unbound</strong>: nothing ties its access to this device, and whoever gets hold of it can use it from anywhere for an hour.
Nobody has a reason to ask you for the address that your browser shows after this: with it they would be signed in as you.</p>
<dl>
<dt>Account</dt><dd>{{account}}</dd>
<dt>Signed in with</dt><dd>{{provider}}</dd>
<dt>Program</dt><dd>{{program}}</dd>
<dt>Gets the answer at</dt><dd>{{redirect}}</dd>
<dt>Address it asks from</dt><dd>{{address}}</dd>
<dt>Started</dt><dd>{{age}} ago</dd>
</dl>)";

constexpr const char* k_message = R"(<p>{{what}}</p>
{{#hint}}<p>{{hint}}</p>
{{/hint}}<p class="note">Request {{request_id}}</p>)";

constexpr const char* k_go_on = R"(<p>Nothing was signed in. The terminal says why.</p>
<p><a href="{{url}}">Go on</a></p>)";

} // namespace

std::string choose_provider(const signin::Providers& providers, const signin::Flow& flow) {
    mustache::data list{mustache::data::type::list};
    for (const auto& provider : providers.all()) {
        mustache::data entry;
        entry.set("id", provider->id());
        entry.set("name", provider->display_name());
        entry.set("flow", flow.pairing.flow_id);
        list << entry;
    }
    mustache::data values;
    values.set("device", flow.pairing.device_name);
    values.set("is_client", !flow.pairing.client_id.empty());
    values.set("providers", list);
    return framed("Sign in", render(k_choose, values));
}

std::string confirm(const signin::Confirmation& confirmation, std::int64_t now) {
    const signin::Pairing& pairing = confirmation.pairing;
    mustache::data values;
    values.set("account", account_text(confirmation.user));
    values.set("provider", confirmation.provider_name);
    const bool is_client = !pairing.client_id.empty();
    values.set(is_client ? "program" : "device", pairing.device_name);
    if (!pairing.device_os.empty())
        values.set("os", pairing.device_os);
    values.set("redirect", pairing.redirect_uri);
    values.set("address", pairing.client_address);
    values.set("age", age_text(now - pairing.created_at));
    values.set("flow", pairing.flow_id);
    values.set("csrf", confirmation.csrf_token);
    const std::string text = is_client ? k_confirm_client : k_confirm;
    return framed(is_client ? "Sign in this program?" : "Sign in this device?", render(text + k_decision, values));
}

std::string go_on(const std::string& url) {
    mustache::data values;
    values.set("url", url);
    return framed("Back to the terminal", render(k_go_on, values), url);
}

std::string message(const std::string& title, const std::string& what, const std::string& hint,
                    const std::string& request_id) {
    mustache::data values;
    values.set("what", what);
    if (!hint.empty())
        values.set("hint", hint);
    values.set("request_id", request_id);
    return framed(title, render(k_message, values));
}

/// Approve and Decline look the same (AS-07): neither has a rule of its own.
const std::string& style_sheet() {
    static const std::string k_text =
        R"(:root { color-scheme: light dark; --line: #8886; --accent: #1f5fbf; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --accent: #8ab4f8; --on-accent: #10203a; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 8vh auto; padding: 1.5rem 2rem; border: 1px solid var(--line); border-radius: .75rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; }
dt { opacity: .75; }
dd { margin: 0; overflow-wrap: anywhere; }
form { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin-top: 1.5rem; }
label, input, .choices { grid-column: 1 / -1; }
input { font: inherit; padding: .6rem; border: 1px solid var(--line); border-radius: .4rem; width: 100%; }
button, .button { font: inherit; padding: .7rem 1rem; border: 1px solid var(--accent); border-radius: .4rem; background: none;
  color: inherit; cursor: pointer; text-align: center; text-decoration: none; display: block; width: 100%; }
button[value=sign_in], .choices .button { background: var(--accent); color: var(--on-accent); }
button:focus-visible, .button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.choices { list-style: none; padding: 0; display: grid; gap: .75rem; }
.warning { border-left: .3rem solid var(--accent); padding-left: 1rem; }
.code { text-transform: uppercase; letter-spacing: .15em; }
form > button:only-of-type { grid-column: 1 / -1; }
.note { opacity: .75; font-size: .9rem; margin-bottom: 0; }
@media (max-width: 38rem) { main { margin: 0; border: 0; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
)";
    return k_text;
}

} // namespace keyfob::server::http::pages
