"use strict";
// The token stands behind the #, which browsers send to no server. It leaves the address bar, and so the history, at once.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const answer = document.getElementById("answer");
const form = document.getElementById("form");
const about = document.getElementById("about");
const button = document.getElementById("send");
const say = (text, kind) => {
  answer.textContent = text;
  answer.className = kind;
};
// What the link is for, by the beginning of its token. Fields that it does not need are taken away.
const uses = {
  bbb_ev_: {
    path: "/api/auth/confirm",
    about: "Your link confirms your address. Give the password of your account, or the one that you chose when you registered. Without a password, leave it empty.",
    button: "Confirm the address",
    without: ["name", "email"],
    body: () => ({ token, password: form.password.value || null }),
    done: (told) => told.email + " is confirmed.",
  },
  bbb_pr_: {
    path: "/api/auth/reset",
    about: "Your link sets a new password. All your sessions end with it.",
    button: "Set the password",
    without: ["name", "email"],
    body: () => ({ token, password: form.password.value }),
    done: () => "Your new password is set. Sign in with it.",
  },
};
const registering = {
  path: "/api/auth/register",
  without: [],
  body: () => ({ token: token || null, name: form.name.value, email: form.email.value, password: form.password.value }),
  done: (told) => told.next ? "Next: " + told.next + "." : "Your account is made, " + told.name + ". Programs sign in with POST /api/auth/login; the API is described under /api/docs.",
};
const use = uses[token.slice(0, 7)] || registering;
for (const name of use.without) {
  form[name].remove();
  document.querySelector("label[for=" + name + "]").remove();
}
if (use.about) about.textContent = use.about;
if (use.button) button.textContent = use.button;
if (use === uses.bbb_ev_) {
  form.password.required = false;
  form.password.removeAttribute("minlength");
  form.password.autocomplete = "current-password";
}
if (!token) say("This page needs the link that you were given, whole.", "wrong");
// Or by a provider, which gives the name and the address: the token goes along.
const headers = { "Content-Type": "application/json", "X-BBB-CSRF": "1" };
const by = async (id) => {
  const response = await fetch("/api/auth/providers/" + id, { method: "POST", headers, body: JSON.stringify({ token: token || null }) });
  const told = await response.json();
  if (response.ok) location.assign(told.location);
  else say(told.title + ": " + told.detail, "wrong");
};
const offer = async () => {
  const told = await (await fetch("/api/auth/providers")).json();
  document.getElementById("providers").append(...told.providers.map((one) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Go on with " + one.name;
    button.addEventListener("click", () => by(one.id).catch((error) => say("The daemon did not answer: " + error.message, "wrong")));
    return button;
  }));
};
// Without them there is the form.
offer().catch(() => {});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const response = await fetch(use.path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(use.body()) });
    const text = await response.text();
    const told = text ? JSON.parse(text) : {};
    if (response.ok) {
      form.remove();
      document.getElementById("providers").remove();
      about.remove();
      say(use.done(told), "good");
    } else {
      say(told.title + ": " + told.detail, "wrong");
      button.disabled = false;
    }
  } catch (error) {
    say("The daemon did not answer: " + error.message, "wrong");
    button.disabled = false;
  }
});
