// The set-up's page: asks whether it is open, sends the form, shows what was found.
"use strict";

const path = "api/setup";
const form = document.getElementById("setup");
const state = document.getElementById("state");

const say = (text) => {
  state.textContent = text;
};

// The answer's JSON; an error's words where it is one.
const ask = async (options) => {
  const response = await fetch(path, { cache: "no-store", ...options });
  const body = await response.json();
  if (!response.ok) {
    const details = Object.entries(body.details).map(([name, text]) => `${name}: ${text}`);
    throw Object.assign(new Error([body.error, ...details].join("\n")), { status: response.status });
  }
  return body;
};

const row = (check) => {
  const line = document.createElement("tr");
  for (const text of [check.status, check.name, check.found, check.advice]) {
    line.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  return line;
};

const show = (report) => {
  const made = report.administrator === null
    ? "There is an administrator already, whose password stays."
    : `Log in as ${report.administrator}.`;
  say(`The database is at version ${report.schemaVersion}. ${made} ` +
      "This page has done its work and is closed now: take SETUP_TOKEN out of smartflow.conf.");
  document.getElementById("checks").replaceChildren(...report.checks.map(row));
  document.getElementById("result").hidden = false;
  form.hidden = true;
};

const submit = async (event) => {
  event.preventDefault();
  const { token, username, password } = Object.fromEntries(new FormData(form));
  form.querySelector("button").disabled = true;
  say("Working. This takes some seconds…");
  try {
    show(await ask({
      method: "POST",
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ username, password }),
    }));
  } catch (error) {
    say(error.message);
  } finally {
    form.querySelector("button").disabled = false;
  }
};

const look = async () => {
  try {
    await ask({});
    form.hidden = false;
    say("");
  } catch (error) {
    say(error.status === 404
      ? "The set-up is closed. To open it for an upgrade, put a new SETUP_TOKEN into smartflow.conf."
      : `The programs don't answer as they should. ${error.message}`);
  }
};

form.addEventListener("submit", submit);
look();
