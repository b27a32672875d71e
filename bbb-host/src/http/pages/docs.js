"use strict";
// Writes the description of the API for people. Everything is set as text: the description is ours, and even so nothing in it becomes markup.
const make = (tag, text, kind) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (kind) element.className = kind;
  return element;
};
// Words between backticks are code.
const prose = (tag, text, kind) => {
  const element = make(tag, "", kind);
  text.split("`").forEach((part, index) => element.append(index % 2 ? make("code", part) : part));
  return element;
};
const nameOf = (reference) => reference.split("/").pop();
const typeOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return nameOf(schema.$ref);
  const choice = schema.oneOf || schema.anyOf;
  if (choice) return choice.map(typeOf).filter((name) => name !== "null").join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array" || [].concat(schema.type).includes("array")) return "list of " + typeOf(schema.items);
  return [].concat(schema.type || "any").filter((name) => name !== "null").join(" or ");
};
const rows = (head, lines) => {
  const table = make("table");
  const first = table.createTHead().insertRow();
  head.forEach((text) => first.append(make("th", text)));
  const body = table.createTBody();
  lines.forEach((line) => {
    const row = body.insertRow();
    line.forEach((cell, index) => row.append(index === 0 ? (() => { const at = make("td"); at.append(make("code", cell)); return at; })() : prose("td", cell)));
  });
  return table;
};
const fields = (api, schema) => {
  const real = schema.$ref ? api.components.schemas[nameOf(schema.$ref)] : schema;
  const parts = real.allOf ? real.allOf.map((part) => (part.$ref ? api.components.schemas[nameOf(part.$ref)] : part)) : [real];
  const lines = [];
  parts.forEach((part) => Object.entries(part.properties || {}).forEach(([name, field]) => {
    const required = (part.required || []).includes(name);
    const bounds = ["minimum", "maximum", "minLength", "maxLength", "default"].filter((key) => field[key] !== undefined).map((key) => key + " " + field[key]);
    lines.push([name, typeOf(field) + (required ? "" : ", optional"), [field.description || "", bounds.join(", ")].filter(Boolean).join(" · ")]);
  }));
  return lines.length ? rows(["field", "type", ""], lines) : make("p", typeOf(real));
};
const operation = (api, path, method, told) => {
  const box = make("details");
  const line = make("summary");
  const says = (told.summary || told.description || "").split(". ")[0];
  line.append(make("span", method.toUpperCase(), "method " + method), make("span", path, "path"), prose("span", says, "says"));
  const inner = make("div");
  if (told.description && told.description !== says) inner.append(prose("p", told.description));
  if (told.security && told.security.some((one) => !Object.keys(one).length)) inner.append(make("p", "Nobody needs to be signed in for it."));
  if (told.parameters) {
    inner.append(make("h3", "Parameters"));
    inner.append(rows(["name", "in", ""], told.parameters.map((one) => [one.name, one.in + (one.required ? "" : ", optional"), one.description || ""])));
  }
  if (told.requestBody) {
    inner.append(make("h3", "Body"), fields(api, Object.values(told.requestBody.content)[0].schema));
  }
  inner.append(make("h3", "Answers"));
  inner.append(rows(["status", "", ""], Object.entries(told.responses).map(([status, one]) => {
    const content = Object.entries(one.content || {})[0];
    return [status, one.description, content ? typeOf(content[1].schema) : ""];
  })));
  box.append(line, inner);
  return box;
};
const show = (api) => {
  document.getElementById("title").textContent = api.info.title;
  document.getElementById("about").replaceWith(prose("p", api.info.description));
  document.getElementById("version").textContent = api.openapi;
  const main = document.getElementById("paths");
  main.replaceChildren();
  (api.tags || []).forEach((tag) => {
    main.append(make("h2", tag.description || tag.name));
    Object.entries(api.paths).forEach(([path, item]) => Object.entries(item).forEach(([method, told]) => {
      if ((told.tags || []).includes(tag.name)) main.append(operation(api, path, method, told));
    }));
  });
  main.append(make("h2", "Types"));
  Object.entries(api.components.schemas).sort().forEach(([name, schema]) => {
    const box = make("details");
    const line = make("summary");
    line.append(make("span", name, "path"), prose("span", schema.description || "", "says"));
    const inner = make("div");
    inner.append(fields(api, schema));
    box.append(line, inner);
    main.append(box);
  });
};
fetch("/api/openapi.json").then((answer) => answer.json()).then(show).catch((error) => {
  document.getElementById("paths").replaceChildren(make("p", "The description could not be read: " + error.message, "wrong"));
});
