"use strict";
// Signing in, by a password or a provider; and, for whoever is signed in, the ways to sign in. What a provider's answer came to stands behind the #.
const at = (id) => document.getElementById(id);
const came = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const say = (text, kind) => {
  at("answer").textContent = text;
  at("answer").className = kind || "";
};

async function ask(method, path, body) {
  const headers = { "X-BBB-CSRF": "1" };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const told = response.status === 204 ? {} : await response.json();
  return { ok: response.ok, kind: (told.type || "").split(":").pop(), told };
}

const complain = (answer) => say(answer.told.title + ": " + answer.told.detail, "wrong");

// Runs what somebody asked for, with every button off, and tells where it fails.
async function doing(what) {
  const buttons = [...document.querySelectorAll("button")];
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await what();
  } catch (error) {
    say("The daemon did not answer: " + error.message, "wrong");
  }
  buttons.forEach((button) => { button.disabled = false; });
}

function button(text, what) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => doing(what));
  return made;
}

async function go(path, body) {
  const answer = await ask("POST", path, body);
  if (answer.ok) location.assign(answer.told.location);
  else complain(answer);
}

// What is tried again with the code of a second factor.
let again = null;
async function enter(path, body) {
  const answer = await ask("POST", path, body);
  if (answer.ok) return showAccount("You are signed in.");
  if (answer.kind === "second-factor-required") again = (more) => enter(path, { ...body, ...more });
  at("code-form").hidden = !again;
  if (answer.kind === "second-factor-required") say("A second factor is needed as well.");
  else complain(answer);
  return undefined;
}

at("password-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  doing(() => enter("/api/auth/login", { email: form.email.value, password: form.password.value, delivery: "cookie" }));
});
at("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = event.target.code.value.trim();
  event.target.code.value = "";
  doing(() => again(/^[0-9 ]+$/.test(code) ? { totp: code } : { recovery_code: code }));
});

at("forgot").addEventListener("click", () => {
  const email = at("email");
  if (!email.reportValidity()) return;
  doing(async () => {
    const answer = await ask("POST", "/api/auth/forgot", { email: email.value });
    if (answer.ok) say("If there is such an account, a mail has a link that sets a new password. It is good for 30 minutes.", "good");
    else complain(answer);
  });
});

async function showFactor() {
  const { told } = await ask("GET", "/api/me/totp");
  at("factor").textContent = told.on
    ? "It is on. " + told.recovery_codes + " recovery codes are good."
    : "There is none. With one, nobody signs in by your password alone.";
  at("factor-form").hidden = told.on;
  at("first-form").hidden = true;
}

at("factor-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const password = at("again").value || null;
  at("again").value = "";
  doing(async () => {
    const answer = await ask("POST", "/api/me/totp", { password });
    if (!answer.ok) return complain(answer);
    at("secret").textContent = answer.told.secret;
    at("qr").replaceChildren(new DOMParser().parseFromString(answer.told.qr, "image/svg+xml").documentElement);
    at("factor-form").hidden = true;
    at("first-form").hidden = false;
    return say("");
  });
});
at("first-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const totp = at("first").value.trim();
  at("first").value = "";
  doing(async () => {
    const answer = await ask("POST", "/api/me/totp/confirm", { totp });
    if (!answer.ok) return complain(answer);
    at("codes").textContent = answer.told.recovery_codes.join("\n");
    at("recovery").hidden = false;
    ["secret", "qr"].forEach((id) => at(id).replaceChildren());
    await showFactor();
    return say("Your second factor is on. All your other sessions have ended.", "good");
  });
});
at("leave").addEventListener("click", () => doing(async () => {
  const answer = await ask("POST", "/api/auth/logout");
  if (answer.ok) location.reload();
  else complain(answer);
}));

async function providers() {
  return (await ask("GET", "/api/auth/providers")).told.providers || [];
}

async function showSignIn() {
  const all = await providers();
  at("providers").replaceChildren(...all.map((one) => button("Sign in with " + one.name, () => go("/api/auth/providers/" + one.id, {}))));
}

async function unlink(id) {
  const answer = await ask("DELETE", "/api/me/identities/" + id);
  if (answer.ok) await showAccount("It signs nobody in any more.");
  else complain(answer);
}

async function showAccount(text) {
  const mine = await ask("GET", "/api/me/identities");
  if (!mine.ok) return showSignIn();
  ["password-form", "code-form", "providers"].forEach((id) => { at(id).hidden = true; });
  at("account").hidden = false;
  document.querySelector("h1").textContent = "Your account";
  const line = (words, more) => {
    const made = document.createElement("li");
    made.append(words, ...more);
    return made;
  };
  const ways = mine.told.identities.map((one) =>
    line(one.provider + (one.email ? ", " + one.email : "") + " ", [button("Unlink", () => unlink(one.id))]));
  if (mine.told.password) ways.unshift(line("Your password", []));
  at("ways").replaceChildren(...ways);
  const all = await providers();
  at("more").replaceChildren(...all.flatMap((one) => [
    button("Link " + one.name, () => go("/api/me/identities", { provider: one.id })),
    button("Show who I am by " + one.name, () => go("/api/auth/step-up/" + one.id)),
  ]));
  await showFactor();
  if (text) say(text, "good");
  return undefined;
}

async function finish(path, text) {
  const answer = await ask("POST", path);
  await showAccount(answer.ok ? text : "");
  if (!answer.ok) complain(answer);
}

const words = {
  none: "Nothing was asked for in this browser. Begin again.",
  refused: "The provider did not sign you in: it was cancelled, or it refused.",
  failed: "The provider's answer cannot be believed, or did not come. The log of the daemon says why.",
};
doing(async () => {
  if (came === "finish") {
    await showSignIn();
    await enter("/api/auth/finish", { delivery: "cookie" });
  } else if (came === "link") {
    await finish("/api/me/identities/finish", "It signs you in from now on.");
  } else if (came === "step-up") {
    await finish("/api/auth/step-up/finish", "You have shown who you are.");
  } else {
    await showAccount("");
    if (words[came]) say(words[came], "wrong");
  }
});
