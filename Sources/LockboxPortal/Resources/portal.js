// What is alive on a page. Every page works without it.
"use strict";

const main = document.getElementById("main");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const never = -1e9;

/* The server's clock, whatever the device's says. */

let served = Number(document.documentElement.dataset.now);
let servedAt = performance.getEntriesByType("navigation")[0]?.responseStart ?? performance.now();
const now = () => served + performance.now() - servedAt;

function left(ms) {
  const parts = [];
  for (const [name, size] of [["day", 86400000], ["hour", 3600000], ["minute", 60000], ["second", 1000]]) {
    const count = Math.floor(ms / size);
    ms -= count * size;
    if (count > 0 || (name === "second" && !parts.length)) parts.push(count + " " + name + (count === 1 ? "" : "s"));
  }
  return parts.slice(0, 2).join(" ") + " left";
}

const running = new WeakSet();
function tick() {
  for (const item of all("[data-until]")) {
    const ms = Number(item.dataset.until) - now();
    if (item.matches(".countdown")) {
      const text = ms > 0 ? left(ms) : "time is over";
      if (item.textContent !== text) item.textContent = text;
      item.classList.toggle("soon", ms > 0 && ms < 900000);
      item.classList.toggle("over", ms <= 0);
    } else if (ms <= 0) {
      closeForms(item);
    }
    if (ms > 0) running.add(item);
    else if (running.delete(item)) setTimeout(refresh, 1000);
  }
}

function closeForms(section) {
  const buttons = all("form button:enabled", section);
  if (!buttons.length) return;
  for (const button of buttons) button.disabled = true;
  section.prepend(element("p", "notice warn", "The time is over. This can no longer be sent."));
  say("The time is over.");
}

/* The reader's own time first, UTC beside it: with its day where that is another. */

function enliven() {
  for (const item of all("time[data-local]")) {
    const date = new Date(item.dateTime), length = /\d:\d\d:\d/.test(item.textContent) ? 8 : 5;
    item.removeAttribute("data-local");
    if (!date.getTimezoneOffset()) continue;
    const local = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: length > 5 ? "medium" : "short" });
    const day = date.getDate() === date.getUTCDate() ? "" : item.textContent.replace(/ \d{4},.*/, ", ");
    item.title = item.textContent;
    item.textContent = `${local} (${day}${date.toISOString().substr(11, length)} UTC)`;
  }
  for (const button of all("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const choice of all("[data-keys-on]")) choiceOfKeys(choice);
  for (const form of all("form[data-script]")) form.hidden = !window.PublicKeyCredential;
  tick();
}

/* Saying more than the page does. */

function element(name, classes, text) {
  const made = document.createElement(name);
  made.className = classes;
  made.textContent = text;
  return made;
}

const voice = element("p", "hidden", "");
voice.setAttribute("role", "status");
document.body.append(voice);
function say(text) {
  voice.textContent = "";
  setTimeout(() => voice.textContent = text, 100);
}

let notice;
function hush() {
  notice?.remove();
  notice = null;
}
// `act` is what a button does, or where a link leads.
function tell(text, label, act) {
  if (notice?.dataset.text === text) return;
  hush();
  notice = element("div", "notice live banner", "");
  notice.dataset.text = text;
  const made = element(act.call ? "button" : "a", "button", label);
  if (act.call) made.onclick = () => act();
  else made.href = act;
  // What was typed stays here meanwhile.
  if (isTyped()) made.target = "_blank";
  notice.append(element("p", "", text), made);
  main.before(notice);
  say(text);
}

/* What the reader is doing. */

const isChoice = (field) => /^(checkbox|radio)$/.test(field.type);
function isChanged(field) {
  if (field.readOnly || field.matches(":autofill")) return false;
  if (isChoice(field)) return field.checked !== field.defaultChecked;
  if (field.options) return field.value !== (field.querySelector("[selected]") ?? field.options[0])?.value;
  // In a form that came back, what was typed is the default.
  return field.value !== (main.dataset.page ? "" : field.defaultValue);
}
const fields = () => all("input:not([type=hidden]), select, textarea", main);
const isTyped = () => fields().some(isChanged);
function isUsed() {
  const selection = getSelection();
  return isTyped() || fields().includes(document.activeElement) || main.querySelector(".secret")
    || (!selection.isCollapsed && main.contains(selection.anchorNode));
}

let usedAt = never, sentAt = never, swappedAt = never;
for (const type of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  addEventListener(type, () => usedAt = performance.now(), { capture: true, passive: true });
}

// A second click sends nothing, nor one meant for what stood here a moment ago.
const sent = new Map();
addEventListener("submit", (event) => {
  const form = event.target, at = performance.now();
  if (form.getAttribute("method") !== "post") return;
  if (at - (sent.get(form) ?? never) < 10000) return event.preventDefault();
  if (at - swappedAt < 400) {
    event.preventDefault();
    return tell("This page has just changed, so nothing was sent.", "Understood", hush);
  }
  const missing = asked(form);
  if (missing.length) {
    event.preventDefault();
    return ask(form, missing, event.submitter);
  }
  sent.set(form, at);
  sentAt = at;
});

/* Passkeys: what a form needs of one is asked for before it is sent. A password in its place is as good. */

const decoded = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const encoded = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const asked = (form) => !window.PublicKeyCredential ? [] : all("[data-ask]", form).filter((field) =>
  !field.value && !(field.dataset.ask === "confirm" && form.elements.password?.value));

let asking = false;
async function ask(form, fields, button) {
  if (asking) return;
  asking = true;
  hush();
  try {
    for (const field of fields) field.value = await answer(field.dataset.ask, field.dataset.options);
  } catch (fault) {
    for (const field of fields) field.value = "";
    return tell(fault.name === "InvalidStateError" ? "This device has a passkey for you here already."
      : "Nothing was sent: there was no answer from a passkey.", "Understood", hush);
  } finally {
    asking = false;
  }
  form.requestSubmit(button);
}

// What an approval signs is in the page itself, with the words that it says.
const options = (purpose) =>
  fetch("/passkey/" + purpose, { cache: "no-store", signal: AbortSignal.timeout(20000) }).then((reply) => reply.json());

async function answer(purpose, given) {
  const publicKey = given ? JSON.parse(given) : await options(purpose);
  publicKey.challenge = decoded(publicKey.challenge);
  for (const one of publicKey.allowCredentials ?? publicKey.excludeCredentials) one.id = decoded(one.id);
  if (publicKey.user) publicKey.user.id = decoded(publicKey.user.id);
  const made = await navigator.credentials[purpose === "register" ? "create" : "get"]({ publicKey });
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = encoded(made.response[name]);
  }
  return JSON.stringify({ id: encoded(made.rawId), type: made.type, response });
}

addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  const field = document.getElementById(button.dataset.copy);
  navigator.clipboard.writeText(field.value ?? field.textContent).then(
    () => say(button.textContent = "Copied"),
    () => say("Copying is not allowed."));
});

/* Pages that follow changes. `data-live` changes with what is shown; `data-page` is where a form's answer belongs. */

// What was just done is told once, and not again by a reload or a change.
const place = new URL(location.href);
if (place.searchParams.has("done")) {
  place.searchParams.delete("done");
  history.replaceState(null, "", place);
}
const here = () => main.dataset.page ?? location.pathname + location.search;
let fetching = false, again = false, failures = 0, fresh = null;

async function refresh() {
  if (document.hidden || !document.querySelector("main[data-live], main [data-until]")) return;
  again = true;
  if (fetching) return;
  fetching = true;
  while (again) {
    again = false;
    try {
      await look();
    } catch {
      // Once may be a new start.
      if (++failures > 1) tell("Lockbox cannot be reached. This page may be out of date.", "Try again", refresh);
    }
  }
  fetching = false;
}

async function look() {
  const answer = await fetch(here(), {
    headers: { "X-Live": "1" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(20000),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    failures++;
    return tell("You were signed out.", "Sign in again", "/sign-in?next=" + encodeURIComponent(here()));
  }
  if (!answer.ok && answer.status !== 404) throw answer.status;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const who = (root) => root.querySelector(".who")?.textContent;
  failures = 0;
  if (!answer.ok || who(page) !== who(document)) {
    return tell("This page is not shown to you any more.", "Reload", () => location.assign(here()));
  }
  // Never back, however long the answer took.
  const made = Number(page.documentElement.dataset.now);
  if (made > now()) [served, servedAt] = [made, performance.now()];
  // The session may have got a new secret.
  const token = page.querySelector("[name=csrf]")?.value;
  if (token) for (const field of all("[name=csrf]")) field.value = token;
  count(page);
  fresh = page.getElementById("main").dataset.live === main.dataset.live ? null : page;
  if (fresh) settle();
  else hush();
}

// What waits is said beside the places, too.
function count(page) {
  for (const link of all("nav.main a")) {
    const there = page.querySelector(`nav.main a[href="${link.getAttribute("href")}"]`);
    if (there && there.textContent !== link.textContent) link.replaceChildren(...there.childNodes);
  }
}

function settle() {
  if (!fresh) return;
  const at = performance.now();
  if (asking || at - usedAt < 1000 || at - sentAt < 10000) return setTimeout(settle, 500);
  if (!isUsed()) return swap();
  tell("This page has changed." + (isTyped() ? " Your input is kept." : ""), "Show the change", swap);
}

// Finds a thing again in another copy of the page.
const trace = (item) => [
  item.localName, item.id, item.getAttribute("href"), item.form?.getAttribute("action"), item.name,
  isChoice(item) && item.value, item.matches("a, button, summary") && item.textContent,
].join("\n");
const find = (wanted) => all("*", main).find((item) => trace(item) === wanted);

function swap() {
  const page = fresh, next = page.getElementById("main"), focused = document.activeElement;
  const focus = main.contains(focused) && trace(focused);
  const open = all("summary", main).map((item) => [trace(item), item.parentNode.open]);
  const typed = fields().filter((field) => field.type !== "password" && isChanged(field));
  const [x, y] = [scrollX, scrollY];
  fresh = null;
  hush();

  if (main.dataset.page) history.replaceState(null, "", here());
  delete main.dataset.page;
  delete main.dataset.live;
  Object.assign(main.dataset, next.dataset);
  main.replaceChildren(...next.childNodes);
  document.title = page.title;
  enliven();

  for (const [summary, wasOpen] of open) {
    const details = find(summary)?.parentNode;
    if (details) details.open = wasOpen;
  }
  for (const old of typed) {
    const field = find(trace(old));
    if (field) {
      if (isChoice(old)) field.checked = old.checked;
      else field.value = old.value;
    } else if (old.localName === "textarea") {
      const kept = element("label", "field notice", ""), text = element("textarea", "", old.value);
      text.readOnly = true;
      kept.append(element("span", "", "What you had written"), text);
      main.prepend(kept);
    }
  }
  if (focus) (find(focus) ?? main).focus({ preventScroll: true });
  scrollTo(x, y);
  swappedAt = performance.now();
  const state = main.querySelector(".badge")?.textContent;
  say("This page was updated." + (state ? ` ${state}.` : ""));
  if (!main.dataset.live) leave();
}

let stream, retry;
function follow() {
  clearTimeout(retry);
  if (document.hidden || stream || !main.dataset.live) return;
  const source = stream = new EventSource("/live");
  source.addEventListener("changed", refresh);
  source.onerror = () => {
    refresh();
    // Else the browser tries again.
    if (source.readyState !== EventSource.CLOSED) return;
    leave();
    retry = setTimeout(follow, Math.min(15000 * 2 ** failures, 120000));
  };
}
function leave() {
  stream?.close();
  stream = null;
  clearTimeout(retry);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return leave();
  refresh();
  follow();
});
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => {
  sent.clear();
  for (const field of all("[data-ask]")) field.value = "";
  sentAt = never;
  if (!event.persisted) return;
  refresh();
  follow();
});

/* Keys. None decides anything, none is heard while somebody types, and all can be switched off (WCAG 2.1.4). */

const items = "table.list td.what a, .rows a.main-link, .card > .heading a";
const places = {
  o: ["/overview"], w: ["/work"], r: ["/lockbox", "/requests"], l: ["/lockbox/live"], s: ["/support"],
  p: ["/people"], e: ["/settings"], t: ["/tenants"], a: ["/audit"],
};
let went = never;
// A browser that keeps nothing has them always.
function kept(word) {
  try {
    if (word) localStorage.setItem("keys", word);
    return localStorage.getItem("keys");
  } catch {
    return null;
  }
}
function choiceOfKeys(choice) {
  choice.hidden = false;
  const box = choice.querySelector("input");
  box.defaultChecked = box.checked = kept() !== "off";
  box.onchange = () => kept(box.checked ? "on" : "off");
}

const line = (item) => item.closest("tr, li, section, article");
function step(by) {
  const found = all(items, main).filter((item) => item.checkVisibility());
  const at = found.findIndex((item) => line(item) === line(document.activeElement));
  found[at < 0 ? (by > 0 ? 0 : found.length - 1) : Math.min(Math.max(at + by, 0), found.length - 1)]?.focus();
}
const current = () => all(items, main).find((item) => line(item) === line(document.activeElement));
const keys = {
  j: () => step(1), k: () => step(-1), o: () => current()?.click(),
  x: () => current() && line(current()).querySelector("[name=request]")?.click(),
  "/": () => main.querySelector("[type=search]")?.focus(), g: () => went = performance.now(), "?": showKeys,
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || kept() === "off") return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const place = performance.now() - went < 1500 && places[event.key]
    ?.map((path) => document.querySelector(`nav.main a[href="${path}"]`)).find(Boolean);
  went = never;
  const act = place ? () => place.click() : Object.hasOwn(keys, event.key) && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

addEventListener("click", (event) => {
  if (!event.target.closest("[data-keys]")) return;
  event.preventDefault();
  showKeys();
});

async function showKeys() {
  if (main.querySelector("[data-keys-on]")) return;
  const answer = await fetch("/keys", { redirect: "manual", signal: AbortSignal.timeout(20000) }).catch(() => null);
  if (!answer?.ok) return location.assign("/keys");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (document.querySelector("dialog[open]")) return;
  const sheet = element("dialog", "card sheet", ""), close = element("button", "button", "Close");
  sheet.setAttribute("aria-labelledby", "keys");
  close.onclick = () => sheet.close();
  sheet.append(...page.getElementById("main").childNodes, close);
  sheet.onclose = () => sheet.remove();
  document.body.append(sheet);
  for (const choice of all("[data-keys-on]", sheet)) choiceOfKeys(choice);
  sheet.showModal();
}

enliven();
setInterval(tick, 1000);
document.querySelector("[data-focus]")?.focus();
document.querySelector("form[data-send]")?.requestSubmit();
document.querySelector("a[data-follow]")?.click();
follow();
