"use strict";
// The token stands behind the #, which browsers send to no server. It leaves the address bar, and so the history, at once.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const answer = document.getElementById("answer");
const form = document.getElementById("form");
const say = (text, kind) => {
  answer.textContent = text;
  answer.className = kind;
};
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
  const button = document.getElementById("send");
  button.disabled = true;
  try {
    const body = { token: token || null, name: form.name.value, email: form.email.value, password: form.password.value };
    const response = await fetch("/api/auth/register", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const told = await response.json();
    if (response.ok) {
      form.remove();
      document.getElementById("providers").remove();
      document.getElementById("about").remove();
      say("Your account is made, " + told.name + ". Sign in under /sign-in; programs do so with POST /api/auth/login; the API is described under /api/docs.", "good");
    } else {
      say(told.title + ": " + told.detail, "wrong");
      button.disabled = false;
    }
  } catch (error) {
    say("The daemon did not answer: " + error.message, "wrong");
    button.disabled = false;
  }
});
