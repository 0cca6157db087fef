"use strict";
// Everything is put in as text, never as markup: names and reasons come from outside.
const $ = id => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
  return node;
};
const SVG = "http://www.w3.org/2000/svg";
const draw = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

// Who is signed in: the access token lives in this tab, the refresh token only in this page. (A tab that is copied takes
// its storage along, and a refresh token in two hands ends the session.)
const KEPT = "starling.token";
const session = {
  token: sessionStorage.getItem(KEPT),
  refresh: null,
  keep(token, refresh) {
    this.token = token;
    this.refresh = refresh;
    sessionStorage.setItem(KEPT, token);
  },
  forget() {
    this.token = this.refresh = null;
    sessionStorage.removeItem(KEPT);
  },
};
class Problem extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}
const send = (path, token, options = {}) => fetch(path, {
  cache: "no-store", credentials: "omit", ...options,
  headers: { ...(token && { authorization: "Bearer " + token }), ...(options.body && { "content-type": "application/json" }) },
});
const problem = async answer => {
  const told = await answer.json().catch(() => ({}));
  return new Problem(answer.status, told.detail || told.title || "The gateway answered " + answer.status);
};
let refreshing = null;
const refreshed = () => refreshing ??= (async () => {
  if (!session.refresh) return false;
  const body = JSON.stringify({ refresh_token: session.refresh });
  const answer = await send("/v1/auth/refresh", null, { method: "POST", body });
  if (!answer.ok) return false;
  const told = await answer.json();
  session.keep(told.access_token, told.refresh_token);
  return true;
})().finally(() => { refreshing = null; });
// Asks as who is signed in; throws a Problem unless all is well.
const ask = async (path, options) => {
  if (!session.token) throw new Problem(401, "");
  let answer = await send(path, session.token, options);
  if (answer.status === 401 && await refreshed()) answer = await send(path, session.token, options);
  if (!answer.ok) throw await problem(answer);
  return answer;
};
const askJson = async path => (await ask(path)).json();
// What else may be shown, if it is there.
const askMaybe = path => askJson(path).catch(error => {
  if (error.status === 401) throw error;
  return null;
});

const say = text => {
  if ($("notice").textContent !== text) $("notice").textContent = text;
  $("notice").hidden = !text;
};
const wantSignIn = text => {
  $("content").hidden = $("sign-out").hidden = true;
  $("sign-in").hidden = false;
  say(text);
};
// What went wrong: sign in again, or wait. True when there is no use in trying again by itself.
const failed = error => {
  if (error.status === 401 || error.status === 403) {
    const known = session.token;
    session.forget();
    wantSignIn(error.status === 403 ? "This account may not see this: " + error.message + "."
      : known ? "Sign in again: " + error.message + "." : "");
    return true;
  }
  say(error instanceof Problem ? error.message + "." : "The gateway cannot be reached.");
  return error.status === 404;
};
const showContent = () => {
  say("");
  $("sign-in").hidden = true;
  $("content").hidden = $("sign-out").hidden = false;
};

// `start` and `stop` are the page's own.
const signsIn = (form, tokens) => $(form).addEventListener("submit", async event => {
  event.preventDefault();
  try {
    session.keep(...await tokens());
  } catch (error) {
    say(error instanceof Problem ? error.message + "." : "The gateway cannot be reached.");
    return;
  }
  for (const id of ["password", "code", "token"]) $(id).value = "";
  say("");
  $("title").focus();
  start();
});
signsIn("by-password", async () => {
  const body = { email: $("email").value.trim(), password: $("password").value, device: "admin pages" };
  if ($("code").value.trim()) body.code = $("code").value.trim();
  const answer = await send("/v1/auth/login", null, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw await problem(answer);
  const told = await answer.json();
  return [told.access_token, told.refresh_token];
});
signsIn("by-token", async () => {
  const token = $("token").value.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Problem(400, "That is no token");
  return [token, null];
});
$("sign-out").addEventListener("click", async () => {
  const token = session.token;
  session.forget();
  stop();
  wantSignIn("");
  $("title").focus();
  // A token without a session (an API key, say) cannot be ended here; it is forgotten all the same.
  await send("/v1/auth/logout", token, { method: "POST" }).catch(() => {});
});
$("open-order").addEventListener("submit", event => {
  event.preventDefault();
  location.href = "/admin/orders/" + encodeURIComponent($("order").value.trim()) + "/timeline";
});
